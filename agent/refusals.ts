/**
 * What a model says in place of an answer, in the member `refusal` that OpenAI's chat completions have for it. The
 * library for servers that are compatible with OpenAI passes over it; here it is picked up, as metadata of the turn.
 */
import { z } from 'zod';
import { PREVIEW_LIMIT } from './clip.ts';

const refusal = z.object({ refusal: z.string().min(1) });
const chunk = z.object({
  choices: z.array(z.object({ delta: refusal })).min(1),
});
const metadata = z.object({ warden: refusal });

/** What the library calls its metadata extractor. */
export const refusals = {
  /** Of an answer that is not streamed; ours all are. */
  extractMetadata: () => Promise.resolve(undefined),
  createStreamExtractor() {
    let said = '';
    return {
      processChunk(raw: unknown): void {
        const read = chunk.safeParse(raw);
        // More than is shown is not kept.
        if (read.success && said.length <= PREVIEW_LIMIT) said += read.data.choices[0]?.delta.refusal ?? '';
      },
      buildMetadata: () => (said === '' ? undefined : { warden: { refusal: said } }),
    };
  },
};

/** The refusal in the metadata of a turn; null: there is none. */
export function refusalOf(found: unknown): string | null {
  const read = metadata.safeParse(found);
  return read.success ? read.data.warden.refusal : null;
}
