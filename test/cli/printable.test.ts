import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { printable, printableJson, printableLines } from '../../cli/printable.ts';

describe('text from elsewhere on a terminal', () => {
  it('shows control and direction characters as escapes', () => {
    assert.equal(printable('a\u001b[31mred\u0007'), 'a\\u001b[31mred\\u0007');
    assert.equal(printable('one\ntwo\tthree\r'), 'one\\ntwo\\tthree\\r');
    assert.equal(
      printable('\u009b2J \u202egnp.exe \u2066x\u2069'),
      '\\u009b2J \\u202egnp.exe \\u2066x\\u2069',
    );
    assert.equal(printable('tag \u{E0041}, half \ud800'), 'tag \\udb40\\udc41, half \\ud800');
    assert.equal(printable('Grüße, 日本語, 🙂, family 👨‍👩‍👧'), 'Grüße, 日本語, 🙂, family 👨‍👩‍👧');
    assert.equal(printableLines('a\n\tb\u001b'), 'a\n\tb\\u001b');
  });

  it('keeps the meaning of JSON, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        const written = printableJson(JSON.stringify(texts, null, 2));
        assert.deepEqual(JSON.parse(written), texts);
        assert.doesNotMatch(written, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});
