import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'mocha';
import { deploy, findDefinition, loadDefinition } from '../../store/definitions.ts';
import { digest } from '../../ledger/canonical.ts';
import { commit, reason, sagaOf, UNDO, worker } from './definitions.ts';
import { ANA, startedFrom } from './sagas.ts';
import { onBothStores } from './stores.ts';

onBothStores('a deploy', (use) => {
  const find = (definition: ReturnType<typeof sagaOf>) => findDefinition(use.store, 'saga', definition);
  const activeOf = async (namespace: string, name: string) =>
    use.store.db
      .selectFrom('definitions')
      .select(['version', 'is_active'])
      .where('namespace', '=', namespace)
      .where('name', '=', name)
      .orderBy('version')
      .execute();

  it('of an earlier release is read as it is today: one tool, and no prompt for undos', async () => {
    const { tools, resources, max_turns, ...rest } = UNDO;
    const { compensation_prompt, ...clerk } = worker();
    const step = commit('write', { max_turns: 4 });
    const earlier = {
      saga: {
        ...sagaOf([]),
        steps: [{ ...step, compensation: { ...rest, tool: tools[0] } }, commit('last')],
      },
      worker: { ...clerk, description: randomBytes(4).toString('hex') },
    };
    for (const body of [earlier.saga, earlier.worker]) {
      const values = { digest: digest(body), body: JSON.stringify(body) };
      await use.store.db.insertInto('definition_bodies').values(values).execute();
    }
    const saga = await loadDefinition(use.store, digest(earlier.saga));
    assert.ok(saga.kind === 'saga');
    assert.deepEqual(saga.steps, [{ ...step, compensation: { ...UNDO, max_turns: 4 } }, commit('last')]);
    const { description } = earlier.worker;
    assert.deepEqual(await loadDefinition(use.store, digest(earlier.worker)), { ...worker(), description });
    assert.deepEqual([resources, max_turns, compensation_prompt], [[], 10, null]);
  });

  it('is created, then unchanged, then replaced under the same id; each is in the ledger of its namespace', async () => {
    const namespace = `ns-${randomBytes(4).toString('hex')}`;
    const first = sagaOf([reason('read')], { namespace });
    const created = await deploy(use.store, first, ANA);
    assert.deepEqual([created.kind, created.digest], ['created', digest(first)]);
    assert.deepEqual(await deploy(use.store, first, ANA), { ...created, kind: 'unchanged' });
    const changed = { ...first, description: 'other' };
    const replaced = await deploy(use.store, changed, ANA);
    assert.deepEqual(replaced, { id: created.id, digest: digest(changed), kind: 'replaced' });
    assert.deepEqual(await find(first), { id: created.id, digest: digest(changed) });
    const entries = await use.store.db
      .selectFrom('ledger_entries')
      .select(['type', 'n', 'trace_id'])
      .where('chain', '=', `namespace:${namespace}`)
      .orderBy('n')
      .execute();
    assert.deepEqual(
      entries,
      [1, 2, 3].map((n) => ({ type: 'deploy', n, trace_id: null })),
    );
  });

  it('makes its version the active one of its name, and going back to an earlier one makes that active', async () => {
    const one = sagaOf([reason('read')]);
    const two = { ...one, version: '2' };
    for (const definition of [one, two]) await deploy(use.store, definition, ANA);
    const active = (...flags: boolean[]) =>
      flags.map((is_active, index) => ({ version: String(index + 1), is_active }));
    assert.deepEqual(await activeOf('default', one.name), active(false, true));
    await deploy(use.store, one, ANA);
    assert.deepEqual(await activeOf('default', one.name), active(true, false));
    const elsewhere = { ...one, namespace: 'elsewhere' };
    await deploy(use.store, elsewhere, ANA);
    assert.deepEqual(await activeOf('default', one.name), active(true, false), 'namespaces are walls');
  });

  it('keeps the members of a body in the order of the author, for a process that reads it anew as well', async () => {
    const schema = { type: 'object', properties: { zeta: {}, alpha: { title: '\u2028' }, 10: {}, 9: {} } };
    const definition = sagaOf([
      reason('read', { with: { z: { value: 1 }, a: { from: '$.input' } }, output_schema: schema }),
    ]);
    const { digest: hash } = await deploy(use.store, definition, ANA);
    const fresh = { ...use.store, bodies: new Map() };
    const body = await loadDefinition(fresh, hash);
    assert.deepEqual(body, definition);
    assert.equal(JSON.stringify(body), JSON.stringify(definition));
    await assert.rejects(loadDefinition(fresh, 'f'.repeat(64)), /expected a definition with digest f{64}/);
  });

  it('of many at the same moment each is made, one version is active, the chain is dense', async () => {
    const one = sagaOf([reason('read')], { namespace: `ns-${randomBytes(4).toString('hex')}` });
    const versions = Array.from({ length: 12 }, (_, index) => String((index % 6) + 1));
    const deployed = await Promise.all(
      versions.map((version, index) =>
        deploy(index % 2 === 0 ? use.store : use.other, { ...one, version }, ANA),
      ),
    );
    assert.equal(deployed.filter(({ kind }) => kind === 'created').length, 6);
    assert.equal(deployed.filter(({ kind }) => kind === 'unchanged').length, 6);
    const rows = await activeOf(one.namespace, one.name);
    assert.equal(rows.length, 6);
    assert.equal(rows.filter(({ is_active }) => is_active).length, 1);
  });

  it('never reaches a saga that runs: what it froze at its start is what it has', async () => {
    const definition = sagaOf([reason('read')]);
    await deploy(use.store, worker(), ANA);
    await deploy(use.store, definition, ANA);
    const run = await startedFrom(use.store, definition);
    await deploy(use.store, { ...definition, steps: [reason('other')] }, ANA);
    await deploy(use.store, { ...worker(), system_prompt: `Other ${definition.name}.` }, ANA);
    const [step] = run.saga.saga.steps;
    assert.equal(step?.id, 'read');
    assert.equal(run.saga.worker('clerk', '1').system_prompt, 'You keep notes.');
    await deploy(use.store, worker(), ANA);
    assert.throws(
      () => run.saga.worker('clerk', '2'),
      /expected worker clerk@2 in what the saga froze, found none/,
    );
  });
});
