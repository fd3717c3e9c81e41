import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { readDuration } from '../../manifest/duration.ts';

const ms = (text: string): number | string => {
  const reading = readDuration(text);
  return reading.kind === 'duration' ? reading.ms : reading.hint;
};

describe('a duration', () => {
  it('is a number with s, m, h or d, or ISO 8601', () => {
    assert.deepEqual(['90s', '15m', '2h', '7d', '1.5h', '0.5s'].map(ms), [
      ...[90_000, 900_000, 7_200_000, 604_800_000, 5_400_000, 500],
    ]);
    assert.deepEqual(['PT1H', 'PT1H30M', 'P1DT2S', 'P1W', 'PT0.5S', 'P2D'].map(ms), [
      ...[3_600_000, 5_400_000, 86_402_000, 604_800_000, 500, 172_800_000],
    ]);
  });

  it('says what to write instead of what it is not', () => {
    assert.match(String(ms('1w')), /P1W or in days/);
    assert.match(String(ms('90')), /add the unit/);
    assert.match(String(ms('P1M')), /no fixed length/);
    assert.match(String(ms('P1Y2D')), /no fixed length/);
    assert.match(String(ms('0s')), /longer than nothing/);
    assert.match(String(ms('99999d')), /at most 3650d/);
    for (const text of ['P', 'PT', 'P1DT', '-1h', '1h30m', 'soon', '1 fortnight', '', '1e3s', '٣h']) {
      assert.equal(typeof ms(text), 'string', text);
    }
  });

  it('is never read from a text as anything but a whole, positive number of milliseconds', () => {
    const parts = fc.constantFrom(
      'P',
      'T',
      '1',
      '0',
      '.',
      'D',
      'H',
      'M',
      'S',
      'W',
      's',
      'm',
      'h',
      'd',
      ' ',
      '9',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (pieces) => {
        const value = ms(pieces.join(''));
        assert.ok(typeof value === 'string' || (Number.isSafeInteger(value) && value > 0));
      }),
      { numRuns: 500 },
    );
  });
});
