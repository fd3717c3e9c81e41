import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { startTimeOf } from '../../scripts/run-record.mjs';
import { ToolCallLost, ToolCallRefused } from '../../mcp/call-errors.ts';
import { createFixture, patient, workerWith } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';
import { untilTrue } from './fixtures/until.ts';

/** Every process that the fixture's servers were, or started. */
function living(fixture: Fixture): number[] {
  const pids = [...fixture.recorded('start').map(({ pid }) => pid)];
  pids.push(...fixture.recorded('child').map(({ child }) => child ?? 0));
  return pids.filter((pid) => startTimeOf(pid) !== null);
}

describe('tool servers', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await createFixture({ connectTimeoutMs: 2_000 });
  });
  afterEach(() => fixture.close());

  it('share one process among all callers that ask at the same moment', async () => {
    const sets = await Promise.all(Array.from({ length: 20 }, () => fixture.open()));
    await Promise.all(sets.map((tools) => tools.call('echo', {}, patient())));
    assert.equal(fixture.recorded('start').length, 1);
  });

  it('have a process for each distinct source', async () => {
    await fixture.open(fixture.source(), fixture.source({ name: 'other', env: { MARK: '1' } }));
    assert.equal(fixture.recorded('start').length, 2);
  });

  it('start one new process when many callers find the old one dead, and send each call once', async () => {
    const tools = await fixture.open();
    await assert.rejects(tools.call('die', {}, patient()), ToolCallLost);
    const calls = Array.from({ length: 50 }, (_, n) => tools.call('echo', { n }, patient()));
    await Promise.all(calls);
    assert.equal(fixture.recorded('start').length, 2);
    const seen = fixture.recorded('call').filter(({ tool }) => tool === 'echo');
    assert.equal(seen.length, 50);
    assert.equal(new Set(seen.map((call) => call.arguments?.['n'])).size, 50);
  });

  it('killed with -9 under 50 calls: each is lost or answered, and none is sent twice', async () => {
    const tools = await fixture.open();
    const waiting = Array.from({ length: 25 }, (_, n) => tools.call('hang', { n }, patient()));
    await untilTrue(() => fixture.recorded('call').length === 25);
    const [server] = fixture.recorded('start');
    process.kill(server?.pid ?? 0, 'SIGKILL');
    const later = Array.from({ length: 25 }, (_, n) => tools.call('echo', { n }, patient()));
    for (const { status, ...rest } of await Promise.allSettled(waiting)) {
      assert.equal(status, 'rejected');
      assert.ok('reason' in rest && rest.reason instanceof ToolCallLost);
    }
    const outcomes = await Promise.allSettled(later);
    const seen = fixture.recorded('call').filter(({ tool }) => tool === 'echo');
    for (const [n, outcome] of outcomes.entries()) {
      const times = seen.filter((call) => call.arguments?.['n'] === n).length;
      assert.ok(times <= 1, `call ${n} was seen ${times} times`);
      const refused = outcome.status === 'rejected' && outcome.reason instanceof ToolCallRefused;
      if (refused) assert.equal(times, 0, `call ${n} was refused, and yet the server saw it`);
      if (outcome.status === 'fulfilled') assert.equal(times, 1);
    }
  });

  it('replace a server that no longer answers; its other calls may still end', async () => {
    const tools = await fixture.open();
    const waiting = tools.call('wait', {}, patient()).catch((error: unknown) => error);
    const giveUp = new AbortController();
    const stuck = tools.call('stick', {}, { idempotencyKey: null, signal: giveUp.signal });
    await untilTrue(() => fixture.recorded('call').length === 2);
    giveUp.abort();
    await assert.rejects(stuck, ToolCallLost);
    assert.deepEqual((await tools.call('echo', {}, patient())).data, {});
    assert.equal(fixture.recorded('start').length, 2);
    assert.equal(living(fixture).length, 2);
    await fixture.servers.close();
    assert.ok((await waiting) instanceof ToolCallLost);
  });

  it('say why a source cannot be reached, and name the others’ tools all the same', async () => {
    const missing = await createFixture({ stdioAllow: ['/nowhere/to/be/found'] });
    const failed = await missing.open(missing.source({ command: '/nowhere/to/be/found' }));
    assert.match(failed.failures[0]?.error ?? '', /could not be started: spawn .* ENOENT/);
    await missing.close();

    const mute = fixture.source({ name: 'mute', args: ['--mute'] });
    const tools = await fixture.open(fixture.source(), mute);
    assert.ok(tools.tools.has('echo'));
    const [failure] = tools.failures;
    assert.equal(failure?.name, 'mute');
    assert.equal(failure.url, 'stdio:fixture');
    assert.match(failure.error, /did not answer within 2000 ms/);
  });

  it('try again at the next call after a source could not be reached', async () => {
    const broken = fixture.source({ args: ['--no-such-option'] });
    for (const attempt of [1, 2]) {
      const { failures } = await fixture.open(broken);
      assert.match(failures[0]?.error ?? '', /ended before it answered/, `attempt ${attempt}`);
    }
    const why = fixture.logged.filter(({ fields }) => /Unknown option/.test(JSON.stringify(fields)));
    assert.ok(why.length >= 2, 'what each of the two processes printed is logged');
  });

  it('do not wait for a source when the caller has given up', async () => {
    const signal = AbortSignal.timeout(100);
    const worker = workerWith([fixture.source({ args: ['--mute'] })]);
    await assert.rejects(fixture.servers.open(worker, signal), { name: 'TimeoutError' });
  });

  it('leave no process when they are closed, not even one that ignores SIGTERM or was started by a server', async () => {
    const tools = await fixture.open(
      fixture.source({ name: 'deaf', args: ['--deaf'] }),
      fixture.source({ name: 'parent', args: ['--child'] }),
      fixture.source({ name: 'mute', args: ['--mute', '--deaf'] }),
    );
    assert.equal(tools.failures.length, 1);
    assert.ok(living(fixture).length >= 3);
    await Promise.all([fixture.servers.close(), fixture.servers.close()]);
    assert.deepEqual(living(fixture), []);
  });

  it('that were closed start nothing more', async () => {
    const tools = await fixture.open();
    await fixture.servers.close();
    await assert.rejects(tools.call('echo', {}, patient()), (error) => {
      return error instanceof ToolCallRefused && /is stopping/.test(error.message);
    });
    assert.match((await fixture.open()).failures[0]?.error ?? '', /is stopping/);
    assert.equal(fixture.recorded('start').length, 1);
  });

  it('lose a call in flight when they are closed', async () => {
    const tools = await fixture.open();
    const hanging = tools.call('hang', {}, patient());
    await untilTrue(() => fixture.recorded('call').length === 1);
    await Promise.all([assert.rejects(hanging, ToolCallLost), fixture.servers.close()]);
  });
});
