/** Operator recovery: running a step again, and taking up an undo that failed. */
import { z } from 'zod';
import { COMMENT_LIMIT } from '../domain/signal.ts';
import { iteration, orNull, payloadHash } from './contract.ts';

/** Absent and null are false. */
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

export const recoveryBody = z
  .object({
    force: flag.meta({ description: 'Also when an attempt lives: it is ended first' }),
    allow_destructive: flag.meta({ description: 'Force on a commit: its call may be made twice' }),
    recovery_token: orNull(z.string().min(8).max(128)),
    reason: orNull(z.string().max(COMMENT_LIMIT)),
    decided_by: orNull(z.string().max(256)),
    comment: orNull(z.string().max(COMMENT_LIMIT)),
    payload_hash: orNull(payloadHash),
    iteration: orNull(iteration),
  })
  .meta({
    id: 'Recovery',
    examples: [{ force: true, allow_destructive: true, reason: 'The tool hangs.', decided_by: 'ana' }],
  });

export const recoveryAccepted = z
  .object({
    status: z.enum(['requeued', 'scheduled', 'claim_active']),
    idempotency_key: z.string(),
    worker_command_key: z
      .string()
      .meta({ description: 'Names the execution: <trace_id>:<span_id>:<iteration>' }),
    recovery_token: z.string(),
  })
  .meta({ id: 'RecoveryAccepted' });

export type RecoveryBody = z.input<typeof recoveryBody>;
export type RecoveryAccepted = z.infer<typeof recoveryAccepted>;
