import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { storable } from '../../domain/json.ts';
import { readResult } from '../../mcp/result.ts';
import type { ToolSet } from '../../mcp/servers.ts';
import { createFixture, patient } from './fixtures/fixture.ts';
import type { Fixture } from './fixtures/fixture.ts';

const text = (value: string) => ({ type: 'text' as const, text: value });

describe('data of a result', () => {
  it('is its text when that parses to a JSON object', () => {
    const result = { content: [text(' {"a": 1}')], structuredContent: { b: 2 } };
    assert.deepEqual(readResult(result).data, { a: 1 });
  });

  it('is else its structured content', () => {
    for (const other of ['[1]', '5', '{"a":', 'words', '']) {
      assert.deepEqual(readResult({ content: [text(other)], structuredContent: { b: 2 } }).data, { b: 2 });
    }
  });

  it('is else {text}, all text blocks one after the other', () => {
    const image = { type: 'image' as const, data: 'aGk=', mimeType: 'image/png' };
    const read = readResult({ content: [text('one'), image, text('two')] });
    assert.deepEqual(read, { isError: false, data: { text: 'one\ntwo' }, text: 'one\n[image]\ntwo' });
    assert.deepEqual(readResult({ content: [] }).data, { text: '' });
  });

  it('has members of any name', () => {
    const { data } = readResult({ content: [text('{"__proto__":{"a":1},"constructor":2}')] });
    assert.deepEqual(Object.keys(data), ['__proto__', 'constructor']);
    assert.equal(Object.getPrototypeOf(data), Object.prototype);
  });

  it('has null where the tool wrote a number that no double holds', () => {
    const content = [text('{"n":1e400,"list":[-1e400,1]}')];
    const read = readResult({ content });
    assert.deepEqual(read.data, { n: null, list: [null, 1] });
    assert.deepEqual(JSON.parse(JSON.stringify(read.data)), read.data);
    const structuredContent = { n: Infinity };
    assert.deepEqual(readResult({ content: [], structuredContent }).data, { n: null });
  });

  it('can always be stored, whatever the tool wrote', () => {
    fc.assert(
      fc.property(fc.json(), fc.string({ unit: 'binary' }), (json, junk) => {
        for (const content of [
          [text(json)],
          [text(junk)],
          [text(`{"k\\u0000${JSON.stringify(junk).slice(1, -1)}":${json}}`)],
        ]) {
          const read = readResult({ content });
          assert.deepEqual(storable(read.data), read.data);
        }
      }),
    );
  });
});

describe('a result over the wire', () => {
  let fixture: Fixture;
  let tools: ToolSet;
  before(async () => {
    fixture = await createFixture();
    tools = await fixture.open();
  });
  after(() => fixture.close());

  it('with bytes that are no UTF-8 has replacement characters', async () => {
    assert.match((await tools.call('invalid_utf8', {}, patient())).text, /^a\ufffd+b$/);
  });

  it('has neither NUL characters nor halves of surrogate pairs', async () => {
    const { data } = await tools.call('unstorable', {}, patient());
    assert.deepEqual(data, { a: 'nul  half \ufffd end' });
  });

  it('nested too deep for anything to read is text', async () => {
    const { data } = await tools.call('deep', {}, patient());
    assert.deepEqual(Object.keys(data), ['text']);
  });

  it('with isError is a result, not an exception', async () => {
    const failed = await tools.call('fail', {}, patient());
    assert.deepEqual(failed, { isError: true, data: { text: 'it failed' }, text: 'it failed\n[image]' });
  });
});
