import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createFixture, patient } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';

describe('the tools of a source', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await createFixture();
  });
  afterEach(() => fixture.close());

  it('are asked once for many callers', async () => {
    await Promise.all([fixture.open(), fixture.open(), fixture.open()]);
    await fixture.open();
    assert.equal(fixture.recorded('list').length, 1);
  });

  it('are asked again after the server said that they changed', async () => {
    const before = await fixture.open();
    await before.call('change_tools', {}, patient());
    const after = await fixture.open();
    assert.ok(!before.tools.has('added_1'));
    assert.ok(after.tools.has('added_1'));
    assert.equal(fixture.recorded('list').length, 2);
  });

  it('are read over all pages', async () => {
    const one = await fixture.open();
    const three = await fixture.open(fixture.source({ name: 'paged', args: ['--pages', '3'] }));
    assert.deepEqual([...three.tools.keys()].sort(), [...one.tools.keys()].sort());
  });

  it('whose list does not end make the source unavailable', async () => {
    const { failures } = await fixture.open(fixture.source({ args: ['--pages', '0'] }));
    assert.match(failures[0]?.error ?? '', /did not end after 100 pages/);
  });

  it('of two sources with the same name are the first one’s, and that is logged', async () => {
    const tools = await fixture.open(
      fixture.source({ name: 'first' }),
      fixture.source({ name: 'second', args: ['--pages', '2'] }),
    );
    assert.equal(tools.tools.get('echo')?.source, 'first');
    const said = fixture.logged.find(({ fields }) => JSON.stringify(fields).includes('"tool":"echo"'));
    assert.deepEqual(said?.fields, { tool: 'echo', used: 'first', ignored: 'second' });
  });
});
