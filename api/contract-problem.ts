/** Errors as clients get them: RFC 9457, with what older clients print. */
import { z } from 'zod';

export const validationProblem = z
  .object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })
  .meta({ id: 'ValidationProblem' });

/** Every error but a 422. */
export const plainProblem = z
  .looseObject({
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    problems: z.array(z.looseObject({ message: z.string() })),
  })
  .meta({ id: 'Problem', description: 'RFC 9457; detail has one problem per line' });

/** 422: what is wrong, and where. */
export const validationFailure = z
  .looseObject({
    title: z.string(),
    status: z.literal(422),
    detail: z.array(validationProblem),
    problems: z.array(validationProblem),
  })
  .meta({ id: 'ValidationFailure' });

/** Either of them, as clients read it. */
export const problem = z
  .looseObject({
    title: z.string(),
    status: z.int(),
    detail: z.union([z.string(), z.array(validationProblem)]),
    problems: z.array(z.looseObject({})),
  })
  .meta({ id: 'AnyProblem' });

export type ValidationProblem = z.infer<typeof validationProblem>;
export type ProblemBody = z.infer<typeof problem>;
