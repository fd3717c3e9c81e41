/**
 * Processor time of processes and all that they started, from /proc: less disturbed by what else a machine does
 * than latencies are. Linux only; the resolution is a tick (10 ms), so it is meant for many decisions together.
 */
import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

/** Milliseconds of processor time of each root process with its living descendants; empty without /proc. */
export function cpuMs(roots: Readonly<Record<string, number>>): Record<string, number> {
  const all = readProcesses();
  const entries = Object.entries(roots).map(([name, pid]) => [name, sum(all, pid)] as const);
  return all.size === 0 ? {} : Object.fromEntries(entries);
}

/** What was used between two looks. */
export function cpuBetween(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
}

interface Usage {
  parent: number;
  ms: number;
}

function sum(all: ReadonlyMap<number, Usage>, root: number): number {
  const own = all.get(root)?.ms ?? 0;
  const children = [...all].filter(([, { parent }]) => parent === root).map(([pid]) => sum(all, pid));
  return children.reduce((total, ms) => total + ms, own);
}

function readProcesses(): Map<number, Usage> {
  const found = new Map<number, Usage>();
  for (const name of listed()) {
    const stat = readStat(name);
    // After the name in brackets: state, parent, …; user and system time are the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ms = (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
    if (stat !== '') found.set(Number(name), { parent: Number(fields[1]), ms });
  }
  return found;
}

function listed(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It ended between the two looks.
    return '';
  }
}
