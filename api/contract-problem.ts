/** Errors as clients get them: RFC 9457, with what older clients print. */
import { z } from 'zod';

export const validationProblem = z
  .object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })
  .meta({ id: 'ValidationProblem' });

export const problem = z
  .looseObject({
    title: z.string(),
    status: z.int(),
    detail: z.union([z.string(), z.array(validationProblem)]),
    problems: z.array(z.looseObject({})),
  })
  .meta({ id: 'Problem' });

export type ValidationProblem = z.infer<typeof validationProblem>;
export type ProblemBody = z.infer<typeof problem>;
