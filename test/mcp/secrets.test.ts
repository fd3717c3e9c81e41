import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createMask, maskObject } from '../../mcp/secrets.ts';
import { createFixture, patient } from './fixtures/fixture.ts';

const mask = createMask(['token-of-ours', 'with "quotes" & more', 'first line\nsecond line', 'short']);

describe('a mask of secrets', () => {
  it('takes out each value, as it is, as JSON and as an address writes it, and each of its lines', () => {
    const quoted = 'with "quotes" & more';
    const texts = [
      'token-of-ours',
      quoted,
      JSON.stringify(quoted),
      encodeURIComponent(quoted),
      'second line',
    ];
    assert.deepEqual(
      texts.map((text) => mask(`a ${text} b`)),
      ['a [secret] b', 'a [secret] b', 'a "[secret]" b', 'a [secret] b', 'a [secret] b'],
    );
    assert.equal(mask('a short word'), 'a short word');
  });

  it('takes out the beginning of a value at the end of a text that was cut', () => {
    assert.equal(mask('it is token-of', { cut: true }), 'it is [secret]');
    assert.equal(mask('it is token-of'), 'it is token-of');
    assert.equal(mask('it is to', { cut: true }), 'it is to');
    assert.equal(mask('', { cut: true }), '');
  });

  it('leaves nothing in an object, however deep', () => {
    const object = { a: ['token-of-ours', 1, null, { 'token-of-ours': 'the token-of-ours' }] };
    assert.deepEqual(maskObject(object, mask), { a: ['[secret]', 1, null, { '[secret]': 'the [secret]' }] });
  });
});

describe('a tool that answers with its secret', () => {
  it('has it taken out of an error result, and keeps its data as they are', async () => {
    const fixture = await createFixture({ env: { NAME: 'it failed' } });
    const tools = await fixture.open(fixture.source({ env: { TOKEN: '${NAME}' } }));
    const failed = await tools.call('fail', {}, patient());
    assert.deepEqual(failed, { isError: true, text: '[secret]\n[image]', data: { text: '[secret]' } });
    const told = await tools.call('echo', { said: 'it failed' }, patient());
    assert.deepEqual(told.data, { said: 'it failed' });
    await fixture.close();
  });
});
