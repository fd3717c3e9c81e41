/**
 * A tool source as a manifest names it, made into something that can be started: which program, which
 * arguments, which environment. What may be started is the operator's word, not the manifest's.
 */
import type { ToolSource } from '../domain/definition.ts';

export interface SourceRules {
  /** Commands that a manifest may name. */
  stdioAllow: readonly string[];
  /** Commands that stand for a program of our own. */
  bundled: Readonly<Record<string, { command: string; args: readonly string[] }>>;
  /** Where `${NAME}` and `env_inherit` are looked up. */
  env: Readonly<Record<string, string | undefined>>;
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

/** Thrown when a source cannot be started as it is described; the message never holds a variable's value. */
export class SourceRefused extends Error {
  override name = 'SourceRefused';
}

/**
 * Names of Warden's own settings, which may hold its credentials: no manifest can have them handed to a tool
 * server. Where the notes of the bundled server are is there to be handed on.
 */
const OWN = /^(WARDEN_(?!NOTES_)|(TEST_)?DATABASE_URL$|DB_URL$)/;

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
export function launchOf(source: ToolSource, rules: SourceRules): Launch {
  if (!rules.stdioAllow.includes(source.command)) {
    throw new SourceRefused(
      `the command "${source.command}" is not allowed to be started; an operator allows it by adding it to WARDEN_STDIO_ALLOW`,
    );
  }
  const bundled = Object.hasOwn(rules.bundled, source.command) ? rules.bundled[source.command] : undefined;
  const secrets: string[] = [];
  const resolve = (name: string): string => {
    const value = lookUp(name, rules.env);
    secrets.push(value);
    return value;
  };
  const env: Record<string, string> = {};
  for (const name of source.env_inherit) env[name] = resolve(name);
  for (const [name, text] of Object.entries(source.env)) {
    refuseText(name, text);
    env[name] = text.replace(REFERENCE, (_, variable: string) => resolve(variable));
  }
  return {
    command: bundled?.command ?? source.command,
    args: [...(bundled?.args ?? []), ...source.args],
    cwd: source.cwd,
    env,
    secrets,
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
  const env = Object.entries(source.env).sort(([a], [b]) => (a < b ? -1 : 1));
  const inherit = [...source.env_inherit].sort();
  return JSON.stringify([source.name, source.command, source.args, source.cwd, env, inherit]);
}

const REFERENCE = /\$\{(?:ENV:)?([A-Za-z_][A-Za-z0-9_]*)\}/g;

function lookUp(name: string, env: SourceRules['env']): string {
  if (OWN.test(name)) {
    throw new SourceRefused(
      `the environment variable ${name} is a setting of Warden itself and is not handed to tool servers; ` +
        'give the server a variable of its own',
    );
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && value !== '') return value;
  throw new SourceRefused(
    `the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'} in the worker process; set it and restart that process`,
  );
}
