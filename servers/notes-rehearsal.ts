/**
 * Rehearsing failures: how a running notes server is told to be slow, to fail or to refuse. The file
 * `.control.json` in the notes folder is read at every call; it maps a tool's name to
 * `{delay_before_ms?, delay_after_ms?, fail?, refuse?}`. A delay before is between the arrival of the call and its effect,
 * a delay after is between the effect and the answer. `fail` answers an error result with that message,
 * `refuse` a JSON-RPC error; neither has an effect. Delays given when the server was started hold for every
 * tool that changes notes, unless the file says otherwise.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const rehearsal = z.strictObject({
  delay_before_ms: z.number().min(0).optional(),
  delay_after_ms: z.number().min(0).optional(),
  fail: z.string().optional(),
  refuse: z.string().optional(),
});
const control = z.record(z.string(), rehearsal);

export interface Rehearsal {
  delayBeforeMs: number;
  delayAfterMs: number;
  fail: string | null;
  refuse: string | null;
}

/** Reads what is rehearsed for one call. Throws when the control file is there and not as described above. */
export function readRehearsal(
  folder: string,
  tool: string,
  started: { delayBeforeMs: number; delayAfterMs: number },
): Rehearsal {
  const file = join(folder, '.control.json');
  const asked = readControl(file)?.[tool];
  return {
    delayBeforeMs: asked?.delay_before_ms ?? started.delayBeforeMs,
    delayAfterMs: asked?.delay_after_ms ?? started.delayAfterMs,
    fail: asked?.fail ?? null,
    refuse: asked?.refuse ?? null,
  };
}

function readControl(file: string): z.infer<typeof control> | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    return control.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `${file}: expected {"<tool>": {"delay_before_ms"?, "delay_after_ms"?, "fail"?, "refuse"?}}: ${String(error)}`,
    );
  }
}
