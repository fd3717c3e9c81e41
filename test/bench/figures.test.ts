import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compare, percentile } from '../../bench/figures.ts';

describe('figures of a benchmark', () => {
  it('takes percentiles between neighbours in proportion', () => {
    assert.equal(percentile([3, 1, 2], 0.5), 2);
    assert.equal(percentile([1, 2], 0.5), 1.5);
    assert.equal(percentile([10], 0.99), 10);
    assert.equal(percentile([0, 100], 0.99), 99);
  });

  it('compares pair by pair, and says medians and how far the pairs are apart', () => {
    const pairs = [
      { ours: [20, 20], base: [10, 10] },
      { ours: [30, 30], base: [10, 10] },
      { ours: [22, 22], base: [11, 11] },
    ];
    const { ratio, base, drift, isVoid } = compare(pairs);
    assert.deepEqual(ratio.p50, { median: 2, min: 2, max: 3 });
    assert.deepEqual(base.p99, { median: 10, min: 10, max: 11 });
    assert.equal(drift, 0.1);
    assert.equal(isVoid, false);
  });

  it('is void when the base drifts more than 15 %', () => {
    const pairs = [10, 10, 12].map((ms) => ({ ours: [20], base: [ms] }));
    assert.equal(compare(pairs).isVoid, true);
  });

  it('refuses to compare nothing', () => {
    assert.throws(() => compare([]), RangeError);
    assert.throws(() => compare([{ ours: [1], base: [] }]), RangeError);
  });
});
