import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { startChatProvider, type ChatProvider } from '../support/chat-provider.ts';
import { deployFixtures, ended, steps } from '../support/sagas.ts';
import { fixtures, startStack, type Stack } from '../support/stack.ts';

describe('what a reason step that failed has used', () => {
  let stack: Stack;
  let provider: ChatProvider;
  let release = (): void => undefined;
  before(async () => {
    const hung = new Promise<null>((resolve) => {
      release = () => resolve(null);
    });
    provider = await startChatProvider(async ({ subject, turn }) => {
      const args = JSON.stringify({ path: `${subject}.md`, content: 'x' });
      if (turn === 1) return { calls: [{ tool: 'put_note', arguments: args }] };
      if (subject === 'hangs') return hung;
      if (subject === 'refuses') return { text: 'no', finish: 'content_filter' };
      return { calls: [{ tool: 'not_allowed', arguments: '{}' }] };
    });
    stack = await startStack({ env: { WARDEN_LOCAL_LLM_BASE_URL: provider.url } });
    await deployFixtures(stack);
    const text = readFileSync(join(fixtures, 'manifests', 'agents-ten.yaml'), 'utf8');
    const short = text.replace("version: '1'", "version: 'short'").replace('seconds: 300', 'seconds: 2');
    await stack.http.deploy(short);
  });
  after(async () => {
    release();
    await stack.stop();
    await provider.close();
  });

  async function failed(subject: string, version: string) {
    const start = { name: 'agents-ten', version, input: { subject } };
    const { trace_id: traceId } = await stack.http.startSaga(start);
    await ended(stack, traceId);
    const [row] = await steps(stack, traceId);
    assert.ok(row);
    const { worker } = Object(row.usage);
    return { code: row.error_details?.['code'], used: worker, timing: Object(row.timing['worker']) };
  }

  it('is on its row, with the turn whose calls were refused', async () => {
    const { code, used } = await failed('forbids', '1');
    assert.equal(code, 'TOOL_NOT_ALLOWED');
    assert.deepEqual([used?.total_tokens, used?.llm_calls, used?.model_id], [30, 2, 'model-of-today']);
  });

  it('counts a turn that the provider reported and that could not be used', async () => {
    const { code, used } = await failed('refuses', '1');
    assert.equal(code, 'LLM_FAILED');
    assert.deepEqual([used?.prompt_tokens, used?.completion_tokens, used?.llm_calls], [20, 10, 2]);
  });

  it('has the time of the turn that was under way at the limit of the step', async () => {
    const { code, used, timing } = await failed('hangs', 'short');
    assert.equal(code, 'STEP_TIMED_OUT');
    assert.deepEqual([used?.total_tokens, used?.llm_calls], [15, 1]);
    // All but the start of the tools was spent waiting for it.
    assert.ok(Number(timing.llm_ms) > 100, JSON.stringify(timing));
  });
});
