import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'mocha';
import { ToolCallLost, ToolCallRefused } from '../../mcp/call-errors.ts';
import type { ToolSet } from '../../mcp/servers.ts';
import { createFixture, patient } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';
import { untilTrue } from './fixtures/until.ts';

const LIMIT_MS = 300;

describe('the limit of a tool call', () => {
  let fixture: Fixture;
  let tools: ToolSet;
  beforeEach(async () => {
    fixture = await createFixture({ callTimeoutMs: LIMIT_MS });
    tools = await fixture.open();
  });
  afterEach(() => fixture.close());

  const callsOf = (tool: string) => fixture.recorded('call').filter((call) => call.tool === tool);

  it('makes a call without a result a lost one, and says which limit it was', async () => {
    await assert.rejects(tools.call('hang', {}, patient()), (error) => {
      assert.ok(error instanceof ToolCallLost);
      assert.match(
        error.message,
        /hang was given up: .*limit of a call, 0\.3 s \(WARDEN_MCP_CALL_TIMEOUT_S\)/,
      );
      return true;
    });
    assert.equal(callsOf('hang').length, 1);
  });

  it('ends no other call, and the server is used on when it still answers', async () => {
    const hanging = assert.rejects(tools.call('hang', {}, patient()), ToolCallLost);
    assert.deepEqual((await tools.call('echo', { n: 1 }, patient())).data, { n: 1 });
    await hanging;
    assert.deepEqual((await tools.call('echo', { n: 2 }, patient())).data, { n: 2 });
    assert.equal(fixture.recorded('start').length, 1);
  });

  it('leaves the end by the caller as it is, and nothing on its signal', async () => {
    const giveUp = new AbortController();
    const how = { idempotencyKey: null, signal: giveUp.signal };
    await tools.call('echo', {}, how);
    const hanging = tools.call('hang', {}, how);
    await untilTrue(() => callsOf('hang').length === 1);
    giveUp.abort(new Error('the step timed out'));
    await assert.rejects(hanging, /given up: the step timed out/);
    assert.equal(getEventListeners(giveUp.signal, 'abort').length, 0);
    await assert.rejects(tools.call('echo', {}, how), ToolCallRefused);
  });
});
