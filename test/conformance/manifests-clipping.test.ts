import assert from 'node:assert/strict';
import { describe } from 'mocha';
import { useAsked } from './asked.ts';
import { proves } from './rule.ts';
import { UNDO, fails, useWorld, write } from './world.ts';
import { sagaOf, useDeploys } from './manifests.ts';

const LONG = 'the whole of a note that is long. '.repeat(20);
const READ = {
  tools: { allow: [{ name: 'read_note' }] },
  facts: [{ tool: 'read_note', into: 'note', fields: { content: '$.content' } }],
};

/** What the model was told of a long note, and what the facts read of it. */
async function reading({ world, said, ask }: ReturnType<typeof useAsked>) {
  await world.run([write('long', { with: { path: { value: 'long.md' }, content: { value: LONG } } })]);
  const call = said({ calls: [{ tool: 'read_note', arguments: '{"path": "long.md"}' }] });
  const submit = said({ calls: [{ tool: '_submit', arguments: '{"done": true}' }] });
  const { step, requests } = await ask([call, submit], READ);
  return { told: JSON.stringify(requests[1]), facts: step.output_payload?.['facts'] };
}

describe('the text of tools, clipped', () => {
  const asked = useAsked({ WARDEN_REACT_TOOL_MESSAGE_LIMIT: '100' });

  proves('MANIFEST-110', async () => {
    const { told, facts } = await reading(asked);
    assert.ok(told.includes('the whole of a note'), told);
    assert.ok(!told.includes(LONG.trim()), 'all of it was told');
    assert.deepEqual(facts, { note: { content: LONG } });
  });
});

describe('the text of tools, with a limit of 0', () => {
  const asked = useAsked({ WARDEN_REACT_TOOL_MESSAGE_LIMIT: '0' });

  proves('MANIFEST-111', async () => {
    const { told } = await reading(asked);
    assert.ok(told.includes(LONG.trim()), told);
  });
});

describe('compensation files', () => {
  const world = useWorld();
  const { refuses } = useDeploys(world);

  proves('MANIFEST-121', async () => {
    const tools = { allow: [{ name: 'restore_note' }] };
    const whole = { worker: 'tester', worker_version: '1', tools };
    const wrong: [name: string, content: object, path: string, says: RegExp][] = [
      ['no-worker.yaml', { worker_version: '1', tools }, 'worker', /worker/],
      ['no-version.yaml', { worker: 'tester', tools }, 'worker_version', /version/],
      ['no-tools.yaml', { worker: 'tester', worker_version: '1' }, 'tools', /allow/],
      ['empty.yaml', { ...whole, tools: { allow: [] } }, 'tools', /tool/],
      ['unknown.yaml', { ...whole, prompt: 'x' }, 'prompt', /known|key/],
    ];
    for (const [name, content, path, says] of wrong) {
      world.file('compensations', name, content);
      await refuses([[sagaOf(write('a', { compensation: name })), path, says]]);
    }
  });

  proves('MANIFEST-122', async () => {
    const { traceId, rows } = await world.run([write('a', UNDO), fails('bad')]);
    const undo = rows.find((row) => row.compensates_span_id !== null);
    assert.deepEqual([undo?.status, undo?.usage], ['COMPENSATED', null]);
    const calls = world
      .record(traceId)
      .filter((line) => line.event === 'call' && line.tool === 'restore_note');
    assert.equal(calls.length, 1);
  });
});
