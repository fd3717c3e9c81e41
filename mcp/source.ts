/**
 * A stdio tool source as a manifest names it, made into something that can be started: which program, which
 * arguments, which environment. What may be started is the operator's word, not the manifest's.
 */
import type { StdioSource, ToolSource } from '../domain/definition.ts';
import type { Environment } from './variables.ts';
import { createVariables, SourceRefused } from './variables.ts';

export interface SourceRules {
  /** Commands that a manifest may name. */
  stdioAllow: readonly string[];
  /** Commands that stand for a program of our own. */
  bundled: Readonly<Record<string, { command: string; args: readonly string[] }>>;
  /** Where `${NAME}` and `env_inherit` are looked up. */
  env: Environment;
  /** Whether the `url` of a source may lead to a loopback or private address; default false. */
  allowPrivateUrls?: boolean;
}

export interface Launch {
  command: string;
  args: string[];
  cwd: string | null;
  /**
   * On top of the minimal environment, which is HOME, LOGNAME, PATH, SHELL, TERM and USER of the worker process.
   */
  env: Record<string, string>;
  /** Values that were looked up for `env`: they belong into no log and no message. */
  secrets: string[];
}

/**
 * Variables that are known to decide which code a program loads. A manifest that sets one would run a program of
 * its own choice under the name of an allowed command; inherited they have the operator's value.
 */
const LOADING = new RegExp(
  `^(${[
    'PATH|NODE_OPTIONS|NODE_PATH|LD_.*|DYLD_.*|BASH_ENV|SHELLOPTS',
    'PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|PERL5OPT|PERL5LIB|PERL5DB|RUBYOPT|RUBYLIB',
    'JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|(npm|NPM)_(config|CONFIG)_.*',
  ].join('|')})$`,
);

/** What to start for a source. Throws `SourceRefused`. */
export function launchOf(source: StdioSource, rules: SourceRules): Launch {
  if (!rules.stdioAllow.includes(source.command)) {
    throw new SourceRefused(
      `the command "${source.command}" is not allowed to be started; an operator allows it by adding it to WARDEN_STDIO_ALLOW`,
    );
  }
  const bundled = Object.hasOwn(rules.bundled, source.command) ? rules.bundled[source.command] : undefined;
  const variables = createVariables(rules.env);
  const env: Record<string, string> = {};
  for (const name of source.env_inherit) env[name] = variables.value(name);
  for (const [name, text] of Object.entries(source.env)) {
    refuseText(name, text);
    env[name] = variables.fill(text);
  }
  return {
    command: bundled?.command ?? source.command,
    args: [...(bundled?.args ?? []), ...source.args],
    cwd: source.cwd,
    env,
    secrets: variables.secrets,
  };
}

function refuseText(name: string, text: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
    // "PATH=/elsewhere" as a name would set another variable than the one it seems to be.
    throw new SourceRefused(`expected the name of an environment variable, got ${JSON.stringify(name)}`);
  }
  if (LOADING.test(name)) {
    throw new SourceRefused(
      `a manifest may not set the environment variable ${name}, because it decides which code runs; ` +
        `an operator sets it for the worker process, and the manifest names it in env_inherit`,
    );
  }
  // The system refuses it too, with a message that repeats the resolved text.
  if (text.includes('\0')) throw new SourceRefused(`the environment variable ${name} holds a NUL character`);
}

/** One connection serves all sources with the same text of this. */
export function sourceKey(source: ToolSource): string {
  if (source.transport !== 'stdio') {
    return JSON.stringify([source.transport, source.name, source.url, sorted(source.headers)]);
  }
  const inherit = [...source.env_inherit].sort();
  const { transport, name, command, args, cwd } = source;
  return JSON.stringify([transport, name, command, args, cwd, sorted(source.env), inherit]);
}

function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Where a source is, fit to be shown: a URL without credentials, query and fragment; of a process its command. */
export function shownAddress(source: ToolSource): string {
  if (source.transport === 'stdio') return `stdio:${source.command}`;
  if (!URL.canParse(source.url)) return '(no URL)';
  const { protocol, host, pathname } = new URL(source.url);
  return `${protocol}//${host}${pathname}`;
}
