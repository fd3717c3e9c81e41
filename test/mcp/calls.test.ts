import assert from 'node:assert/strict';
import { getEventListeners, setMaxListeners } from 'node:events';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../domain/json.ts';
import { ToolCallLost, ToolCallRefused } from '../../mcp/call-errors.ts';
import type { ToolSet } from '../../mcp/servers.ts';
import { untilTrue } from './fixtures/until.ts';
import { createFixture, patient } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';

describe('a tool call', () => {
  let fixture: Fixture;
  let tools: ToolSet;
  beforeEach(async () => {
    fixture = await createFixture();
    tools = await fixture.open();
  });
  afterEach(() => fixture.close());

  const callsOf = (tool: string) => fixture.recorded('call').filter((call) => call.tool === tool);

  it('carries its key in _meta, and as an argument only when the schema declares it', async () => {
    const declared = await tools.call('keyed', { a: 1 }, patient('trace:span'));
    assert.deepEqual(declared.data, {
      arguments: { a: 1, warden_idempotency_key: 'trace:span' },
      meta: { 'warden/idempotency_key': 'trace:span' },
    });
    await tools.call('echo', { a: 1 }, patient('trace:span'));
    await tools.call('echo', { a: 2 }, patient());
    const [withKey, without] = callsOf('echo');
    assert.deepEqual(withKey?.arguments, { a: 1 });
    assert.deepEqual(withKey.meta, { 'warden/idempotency_key': 'trace:span' });
    assert.deepEqual(without?.meta, {});
  });

  it('of a tool that no source has is refused without a server being asked', async () => {
    await assert.rejects(tools.call('nothing', {}, patient()), ToolCallRefused);
    assert.equal(fixture.recorded('call').length, 0);
  });

  it('is lost when the server dies during it, and is not sent again by the next server', async () => {
    await assert.rejects(tools.call('die', {}, patient()), ToolCallLost);
    assert.deepEqual((await tools.call('echo', { n: 1 }, patient())).data, { n: 1 });
    assert.equal(callsOf('die').length, 1);
    assert.equal(fixture.recorded('start').length, 2);
  });

  it('is lost when the caller stops waiting, while others on the same server go on', async () => {
    const giveUp = new AbortController();
    const waiting = tools.call('wait', {}, patient());
    const hanging = tools.call('hang', {}, { idempotencyKey: null, signal: giveUp.signal });
    await untilTrue(() => callsOf('hang').length === 1);
    giveUp.abort(new Error('the step timed out'));
    await assert.rejects(
      hanging,
      (error) => error instanceof ToolCallLost && /timed out/.test(error.message),
    );
    await tools.call('release', {}, patient());
    assert.equal((await waiting).text, 'waited');
    assert.equal(fixture.recorded('start').length, 1);
  });

  it('given up before it was sent is refused, and the server never sees it', async () => {
    const how = { idempotencyKey: null, signal: AbortSignal.abort(new Error('too late')) };
    await assert.rejects(tools.call('echo', {}, how), ToolCallRefused);
    assert.equal(fixture.recorded('call').length, 0);
  });

  it('whose arguments cannot be written is refused', async () => {
    let deep: JsonObject = {};
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    await assert.rejects(tools.call('echo', deep, patient()), ToolCallRefused);
    assert.equal(fixture.recorded('call').length, 0);
  });

  it('that the server refuses to execute is refused; any other error of it may come after an effect', async () => {
    await assert.rejects(tools.call('refuse', {}, patient()), (error) => {
      assert.ok(error instanceof ToolCallRefused);
      assert.match(error.message, /bad arguments {2}here$/);
      return true;
    });
    await assert.rejects(tools.call('internal_error', {}, patient()), ToolCallLost);
  });

  it('whose answer is no result is lost', async () => {
    await assert.rejects(tools.call('wrong_shape', {}, patient()), ToolCallLost);
  });

  it('whose response has no form of the protocol is lost at once', async () => {
    for (const tool of ['no_result', 'no_error', 'neither']) {
      await assert.rejects(tools.call(tool, {}, patient()), (error) => {
        assert.ok(error instanceof ToolCallLost);
        assert.match(error.message, /neither a result nor an error in the form of the protocol/);
        return true;
      });
    }
    assert.deepEqual((await tools.call('echo', { n: 3 }, patient())).data, { n: 3 });
  });

  it('answered twice has the first answer, and the second belongs to no other call', async () => {
    assert.equal((await tools.call('twice', {}, patient())).text, 'first');
    assert.deepEqual((await tools.call('echo', { n: 2 }, patient())).data, { n: 2 });
  });

  it('gets its answer whatever else the server prints', async () => {
    assert.equal((await tools.call('garbage', {}, patient())).text, 'after garbage');
    assert.equal((await tools.call('progress', {}, patient())).text, 'done');
    assert.equal((await tools.call('flood', {}, patient())).text, 'flooded');
    const lines = fixture.logged.map(({ fields }) => JSON.stringify(fields));
    assert.ok(
      lines.every((line) => line.length < 700),
      'every logged line is clipped',
    );
  });

  it('of a server that prints 20,000 lines puts a few of them into the log, and how many were left out', async () => {
    await tools.call('chatter', {}, patient());
    await fixture.servers.close();
    const lines = fixture.logged.map(({ fields }) => JSON.stringify(fields));
    const left = lines.map((line) => Number(/\((\d+) more lines were left out/.exec(line)?.[1] ?? 0));
    const shown = lines.filter((line) => line.includes('"line":"line"')).length;
    assert.equal(shown + left.reduce((sum, each) => sum + each, 0), 20_000);
    assert.ok(shown < 2_000, `${shown} lines`);
  });

  it('may answer two megabytes, but one that answers more than ten is lost with its server', async () => {
    const { data } = await tools.call('huge', {}, patient());
    assert.deepEqual(data, { big: 'x'.repeat(2 * 1024 * 1024) });
    await assert.rejects(tools.call('monstrous', {}, patient()), /answered more than 10485760 bytes/);
    assert.deepEqual((await tools.call('echo', {}, patient())).data, {});
  });

  it('is lost when the server closed its input, and the next one gets a new server', async () => {
    assert.equal((await tools.call('close_input', {}, patient())).text, 'closing');
    await assert.rejects(tools.call('echo', { n: 1 }, patient()), ToolCallLost);
    assert.deepEqual((await tools.call('echo', { n: 2 }, patient())).data, { n: 2 });
    assert.deepEqual(
      callsOf('echo').map((call) => call.arguments),
      [{ n: 2 }],
    );
  });

  it('leaves no listener on its signal and no memory, over 10,000 calls', async () => {
    const { signal } = new AbortController();
    setMaxListeners(100, signal);
    const batch = async (count: number) => {
      for (let done = 0; done < count; done += 100) {
        const calls = Array.from({ length: 100 }, (_, n) =>
          tools.call('echo', { n }, { idempotencyKey: 'k', signal }),
        );
        await Promise.all(calls);
      }
    };
    await batch(1_000);
    const before = process.memoryUsage().heapUsed;
    await batch(9_000);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < 60 * 1024 * 1024, `the heap grew by ${grown} bytes`);
    assert.equal(fixture.recorded('start').length, 1);
  });
});
