/**
 * Durations as manifests write them: ISO 8601 (`PT1H30M`, `P2D`, `P1W`), or a number with `s`, `m`, `h` or
 * `d`. Years and months have no fixed length and are not durations here.
 */

export type DurationReading = { kind: 'duration'; ms: number } | { kind: 'refused'; hint: string };

const MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const MAX_DAYS = 3650;
const NUMBER = String.raw`\d{1,9}(?:[.,]\d{1,9})?`;
const SHORT = new RegExp(`^(${NUMBER})\\s*([smhd])$`);
const WEEKS = new RegExp(`^P(${NUMBER})W$`);
const ISO = new RegExp(`^P(?:(${NUMBER})D)?(T(?:(${NUMBER})H)?(?:(${NUMBER})M)?(?:(${NUMBER})S)?)?$`);

/** A positive duration of at most ten years, in whole milliseconds. */
export function readDuration(text: string): DurationReading {
  const ms = milliseconds(text.trim());
  if (ms === null) return { kind: 'refused', hint: hintFor(text.trim()) };
  const whole = Math.round(ms);
  if (whole < 1) return { kind: 'refused', hint: 'it must be longer than nothing' };
  if (whole > MAX_DAYS * MS.d) return { kind: 'refused', hint: `at most ${MAX_DAYS}d` };
  return { kind: 'duration', ms: whole };
}

function milliseconds(text: string): number | null {
  const short = SHORT.exec(text);
  if (short) return amount(short[1]) * unit(short[2]);
  const weeks = WEEKS.exec(text);
  if (weeks) return amount(weeks[1]) * MS.w;
  const iso = ISO.exec(text);
  if (!iso || text === 'P' || iso[2] === 'T') return null;
  const [, days, , hours, minutes, seconds] = iso;
  return amount(days) * MS.d + amount(hours) * MS.h + amount(minutes) * MS.m + amount(seconds) * MS.s;
}

function amount(text: string | undefined): number {
  return Number((text ?? '0').replace(',', '.'));
}

function unit(letter: string | undefined): number {
  if (letter === 'd') return MS.d;
  if (letter === 'h') return MS.h;
  return letter === 'm' ? MS.m : MS.s;
}

function hintFor(text: string): string {
  if (/^[\d.,]+\s*w$/i.test(text)) return 'write weeks as P1W or in days, such as 7d';
  if (/^[\d.,]+$/.test(text)) return 'add the unit: s, m, h or d';
  if (/^P[^T]*[YM]/.test(text)) return 'years and months have no fixed length; write days';
  return 'such as 90s, 15m, 2h, 7d or PT1H30M';
}
