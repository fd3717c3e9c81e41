/** Whether the server lives, and whether everything that it needs is there. */
import { z } from 'zod';
import { plainProblem } from './contract-problem.ts';

export const health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

const states = {
  ready: z.boolean(),
  temporal: z.object({ reachable: z.boolean() }),
  store: z.object({ reachable: z.boolean() }),
  workers: z.object({ count: z.int() }),
};

/** Also inside the problem of a 503. */
export const readiness = z.object(states).meta({ id: 'Readiness' });

/** 503 of `/v1/ready`. */
export const notReady = plainProblem
  .extend(states)
  .omit({ ready: true })
  .extend({ ready: z.literal(false) })
  .meta({ id: 'NotReady' });

export type Health = z.infer<typeof health>;
export type Readiness = z.infer<typeof readiness>;
