import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { NOTES, think, useWorld } from '../conformance/world.ts';
import { POISON_TURNS, type PoisonTurn } from './poison-models.ts';
import { startPoisonProvider } from './poison-provider.ts';

/** So many steps run at the same time. */
const AT_ONCE = 8;

describe('poison of models', () => {
  let provider: Awaited<ReturnType<typeof startPoisonProvider>>;
  before(async () => {
    provider = await startPoisonProvider(POISON_TURNS);
  });
  const world = useWorld(() => ({
    WARDEN_LOCAL_LLM_BASE_URL: provider.url,
    WARDEN_LLM_RETRY_BASE_DELAY_S: '0.01',
    WARDEN_LLM_RETRY_MAX_DELAY_S: '0.02',
  }));
  after(() => provider.close());
  let name = '';
  before(async () => {
    await world.deploy({
      kind: 'worker',
      name: 'poisoned',
      version: '1',
      provider: 'local',
      model_name: 'model-of-today',
      system_prompt: 'You summarise.',
      tool_sources: [NOTES],
    });
    name = await world.define(
      think('a', {
        worker: 'poisoned',
        with: { subject: { from: '$.input.subject' } },
        tools: { allow: [{ name: 'put_note' }] },
      }),
    );
  });

  /** What is not as it should be; null when all is. */
  async function lookAt({ ends }: PoisonTurn, index: number): Promise<string | null> {
    const { http } = world.stack();
    const input = { subject: `poison-${index}` };
    const { trace_id } = await http.startSaga({ name, version: '1', input });
    const { status, failure } = await world.end(trace_id);
    const { error_details, output_payload } = await world.show(trace_id, 'a');
    const code = error_details?.['code'] ?? null;
    const found = `${index}: ${status} ${failure?.code ?? ''} ${JSON.stringify(error_details ?? output_payload)}`;
    const recorded = await world.ledger(trace_id);
    if (recorded.length < 3) return `${found}: ${recorded.length} entries`;
    if (ends === null) return status === 'COMPLETED' && error_details === null ? null : found;
    const isSaid =
      String(error_details?.['message']).length > 10 && JSON.stringify(error_details).length < 20_000;
    return status === 'FAILED' && failure?.code === ends && code === ends && isSaid ? null : found;
  }

  it('ends its step with a code of the catalogue, or the model is told and does better', async () => {
    const wrong: (string | null)[] = [];
    for (let at = 0; at < POISON_TURNS.length; at += AT_ONCE) {
      const some = POISON_TURNS.slice(at, at + AT_ONCE);
      wrong.push(...(await Promise.all(some.map((each, index) => lookAt(each, at + index)))));
    }
    assert.deepEqual(
      wrong.filter((each) => each !== null).map((each) => each.slice(0, 600)),
      [],
    );
  });

  it('writes nothing but what was recorded, from which no store holds a NUL, and leaves nothing stuck', async () => {
    const { http, record } = world.stack();
    const written = record().flatMap(({ event, path }) => (event === 'effect' ? [path] : []));
    assert.deepEqual(written, ['a.md']);
    assert.deepEqual((await http.listSagas({ stuck: true })).items, []);
    assert.deepEqual((await http.listSagas({ in_flight: true })).items, []);
  });
});
