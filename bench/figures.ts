/** The arithmetic of a comparison. All times are milliseconds. */

/** One measured block of each side, the base directly after ours. */
export interface Pair {
  ours: readonly number[];
  base: readonly number[];
}

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface PairFigures {
  ours: Percentiles;
  base: Percentiles;
  ratio: Percentiles;
}

export interface Percentiles {
  p50: number;
  p99: number;
}

export interface Comparison {
  pairs: PairFigures[];
  /** Medians over the pairs, and how far apart the pairs are. */
  ours: Record<'p50' | 'p99', Spread>;
  base: Record<'p50' | 'p99', Spread>;
  ratio: Record<'p50' | 'p99', Spread>;
  /** Over all samples of all pairs together: with few samples a pair, its p99 is nearly its maximum. */
  pooled: PairFigures;
  /** The furthest that a pair's p50 of the base is from the median, as a part of it. */
  drift: number;
  /** The base drifted so far that nothing can be said. */
  isVoid: boolean;
}

export const DRIFT_LIMIT = 0.15;

/** The value below which `share` (0 to 1) of the values lie, between two neighbours in proportion. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? NaN;
  const high = sorted[Math.ceil(place)] ?? NaN;
  return low + (high - low) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** @throws {RangeError} without a pair, or with a side that has no sample */
export function compare(pairs: readonly Pair[]): Comparison {
  if (pairs.length === 0 || pairs.some(({ ours, base }) => ours.length === 0 || base.length === 0)) {
    throw new RangeError('expected at least one pair with samples of both sides');
  }
  const figures = pairs.map(figuresOf);
  const spreads = (side: 'ours' | 'base' | 'ratio') => ({
    p50: spread(figures.map((each) => each[side].p50)),
    p99: spread(figures.map((each) => each[side].p99)),
  });
  const base = spreads('base');
  const middle = base.p50.median;
  const drift = Math.max(base.p50.max - middle, middle - base.p50.min) / middle;
  return {
    pairs: figures,
    ours: spreads('ours'),
    base,
    ratio: spreads('ratio'),
    pooled: figuresOf({
      ours: pairs.flatMap((pair) => pair.ours),
      base: pairs.flatMap((pair) => pair.base),
    }),
    drift,
    isVoid: drift > DRIFT_LIMIT,
  };
}

function figuresOf({ ours, base }: Pair): PairFigures {
  const [mine, theirs] = [percentiles(ours), percentiles(base)];
  return { ours: mine, base: theirs, ratio: { p50: mine.p50 / theirs.p50, p99: mine.p99 / theirs.p99 } };
}

export function percentiles(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
}

function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
