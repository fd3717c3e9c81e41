/** How one setting is read from an environment: its forms, its default, and what is wrong with it. */

export type Environment = Readonly<Record<string, string | undefined>>;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

export type Reader = ReturnType<typeof createReader>;

/** Reads one setting after the other, noting every name asked for and every problem met. */
export function createReader(env: Environment) {
  const known = new Set<string>();
  const problems: string[] = [];
  /** By the name of today, the older one whose value is used. */
  const readAs = new Map<string, string>();

  function optional(name: string, aliases: readonly string[] = []): string | null {
    known.add(name);
    for (const each of [name, ...aliases]) {
      const value = env[each]?.trim();
      if (value === undefined || value === '') continue;
      if (each !== name) readAs.set(name, each);
      return value;
    }
    return null;
  }

  function refuse<Fallback>(name: string, expected: string, found: string, fallback: Fallback): Fallback {
    const alias = readAs.get(name);
    const named = alias === undefined ? name : `${name} (set as ${alias})`;
    problems.push(`${named}: expected ${expected}, found "${found}"`);
    return fallback;
  }

  function text(name: string, fallback: string): string {
    return optional(name) ?? fallback;
  }

  function choice<Choice extends string, Fallback>(
    name: string,
    choices: readonly Choice[],
    fallback: Fallback,
  ): Choice | Fallback {
    const found = optional(name);
    if (found === null) return fallback;
    const chosen = choices.find((each) => each === found);
    return chosen ?? refuse(name, `one of ${choices.join(', ')}`, found, fallback);
  }

  return {
    known,
    problems,
    optional,
    refuse,
    text,
    choice,
    ...createNumbers(optional, refuse),
    ...createFormats(optional, refuse),
  };
}

type Optional = (name: string, aliases?: readonly string[]) => string | null;
type Refuse = <Fallback>(name: string, expected: string, found: string, fallback: Fallback) => Fallback;

function createNumbers(optional: Optional, refuse: Refuse) {
  function whole<Fallback extends number | null>(
    name: string,
    fallback: Fallback,
    min: number,
    max: number,
    aliases: string[] = [],
  ): number | Fallback {
    const found = optional(name, aliases);
    if (found === null) return fallback;
    const value = /^\d+$/.test(found) ? Number(found) : NaN;
    if (value >= min && value <= max) return value;
    return refuse(name, `a whole number from ${min} to ${max}`, found, fallback);
  }

  /** Written in seconds, handed on in milliseconds. */
  function seconds(name: string, fallback: number): number {
    const found = optional(name);
    if (found === null) return fallback * 1000;
    if (/^\d+(\.\d+)?$/.test(found) && Number(found) <= 86_400) return Math.round(Number(found) * 1000);
    return refuse(name, 'a number of seconds from 0 to 86400', found, fallback * 1000);
  }

  /** As {@link seconds}, of a limit: null without one, and never nothing at all. */
  function limitSeconds(name: string): number | null {
    const found = optional(name);
    if (found === null) return null;
    const ms = /^\d+(\.\d+)?$/.test(found) ? Math.round(Number(found) * 1000) : 0;
    if (ms >= 1 && ms <= 86_400_000) return ms;
    return refuse(name, 'a number of seconds above 0, up to 86400; leave it out for no limit', found, null);
  }

  return { whole, seconds, limitSeconds };
}

/** Settings with a form of their own. */
function createFormats(optional: Optional, refuse: Refuse) {
  function flag(name: string, fallback: boolean): boolean {
    const found = optional(name);
    if (found === null) return fallback;
    if (/^(true|1|yes|on)$/i.test(found)) return true;
    if (/^(false|0|no|off)$/i.test(found)) return false;
    return refuse(name, 'true or false', found, fallback);
  }

  function list(name: string): string[] {
    const found = optional(name) ?? '';
    return found.split(',').flatMap((each) => each.trim() || []);
  }

  function url(name: string, protocols: readonly string[], aliases: string[] = []): string | null {
    const found = optional(name, aliases);
    if (found === null) return null;
    if (URL.canParse(found) && protocols.includes(new URL(found).protocol)) return found;
    // The value may hold a password, so it is not repeated.
    return refuse(name, `an address that begins with ${protocols.join('// or ')}//`, '…', null);
  }

  function loopback(name: string, aliases: string[]): string {
    const found = optional(name, aliases) ?? '127.0.0.1';
    if (/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(found)) return found;
    const expected = 'a loopback address, because any other needs authentication, which is not supported yet';
    return refuse(name, expected, found, '127.0.0.1');
  }

  function auth(name: string): 'off' {
    const found = optional(name) ?? 'off';
    return found === 'off' ? 'off' : refuse(name, 'off; authentication is not supported yet', found, 'off');
  }

  function logLevel(name: string, aliases: string[]): LogLevel {
    const found = optional(name, aliases) ?? 'info';
    const lower = found.toLowerCase();
    const level = { warning: 'warn', critical: 'fatal' }[lower] ?? lower;
    return (
      logLevels.find((each) => each === level) ??
      refuse(name, `one of ${logLevels.join(', ')}`, found, 'info')
    );
  }

  return { flag, list, url, loopback, auth, logLevel };
}

/** The known name that is most like one that is not. */
export function nearest(name: string, known: ReadonlySet<string>): string {
  let best = { name: '', distance: Infinity };
  for (const each of known) {
    const distance = editDistance(name, each);
    if (distance < best.distance) best = { name: each, distance };
  }
  return best.name;
}

/** Levenshtein's distance: how many characters must be added, removed or changed. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...from].entries()) {
    const next = [at + 1];
    for (const [column, other] of [...to].entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
