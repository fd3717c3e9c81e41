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
  /** On top of the minimal environment. */
  env: Record<string, string>;
}

/** Thrown when a source cannot be started as it is described; the message never holds a variable's value. */
export class SourceRefused extends Error {
  override name = 'SourceRefused';
}

/** What to start for a source. Throws `SourceRefused`. */
export function launchOf(source: ToolSource, rules: SourceRules): Launch {
  if (!rules.stdioAllow.includes(source.command)) {
    throw new SourceRefused(
      `the command "${source.command}" is not allowed to be started; an operator allows it by adding it to WARDEN_STDIO_ALLOW`,
    );
  }
  const bundled = Object.hasOwn(rules.bundled, source.command) ? rules.bundled[source.command] : undefined;
  const env: Record<string, string> = {};
  for (const name of source.env_inherit) env[name] = lookUp(name, rules.env);
  for (const [name, text] of Object.entries(source.env)) env[name] = resolveText(text, rules.env);
  return {
    command: bundled?.command ?? source.command,
    args: [...(bundled?.args ?? []), ...source.args],
    cwd: source.cwd,
    env,
  };
}

/** One connection serves all sources with the same text of this. */
export function sourceKey(source: ToolSource): string {
  const env = Object.entries(source.env).sort(([a], [b]) => (a < b ? -1 : 1));
  const inherit = [...source.env_inherit].sort();
  return JSON.stringify([source.name, source.command, source.args, source.cwd, env, inherit]);
}

function resolveText(text: string, env: SourceRules['env']): string {
  return text.replace(/\$\{(?:ENV:)?([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => lookUp(name, env));
}

function lookUp(name: string, env: SourceRules['env']): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new SourceRefused(
    `the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'} in the worker process; set it and restart that process`,
  );
}
