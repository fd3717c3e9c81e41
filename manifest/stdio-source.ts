/** A tool source of transport `stdio`: a program that the worker process starts, when the operator allows it. */
import type { StdioSource } from '../domain/definition.ts';
import type { Fields } from './fields.ts';
import { shown } from './problem.ts';
import { readText } from './scalar.ts';
import type { TextRule } from './scalar.ts';
import { readTextMap } from './text-map.ts';
import { complain, describe, isList, itemsOf } from './tree.ts';
import type { At } from './tree.ts';

export const STDIO_KEYS = ['command', 'args', 'cwd', 'env', 'env_inherit'];

const PROGRAM: TextRule = {
  expected: 'a command that WARDEN_STDIO_ALLOW lists',
  max: 1000,
  pattern: /^[^\0]+$/,
};
const VARIABLE: TextRule & { pattern: RegExp } = {
  expected: 'the name of an environment variable',
  max: 256,
  pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
};
const ARGUMENT: TextRule = { expected: 'a text', max: 100_000, empty: true };

export function readStdioSource(fields: Fields, name: string, stdioAllow: readonly string[]): StdioSource {
  const args = texts(fields.child('args'), ARGUMENT);
  const inherited = [...texts(fields.child('env_inherit'), VARIABLE), ...dockerStyle(args)];
  return {
    name,
    transport: 'stdio',
    command: readCommand(fields, stdioAllow),
    args,
    cwd: fields.optionalText('cwd', { ...PROGRAM, expected: 'a folder' }),
    env: readTextMap(fields.child('env'), { of: 'variables', key: VARIABLE, value: ARGUMENT }),
    env_inherit: [...new Set(inherited)],
  };
}

function readCommand(fields: Fields, stdioAllow: readonly string[]): string {
  const at = fields.child('command');
  const command = fields.text('command', PROGRAM);
  if (at && command !== '' && !stdioAllow.includes(command)) {
    const allowed = stdioAllow.length === 0 ? 'no command' : stdioAllow.join(', ');
    const hint = `WARDEN_STDIO_ALLOW allows ${allowed}; an operator adds the command there`;
    complain(at, { expected: 'a command that may be started', found: shown(command), hint });
  }
  return command;
}

/** A bare `-e NAME`, as for docker: the variable itself is inherited, the arguments stay as they are. */
function dockerStyle(args: readonly string[]): string[] {
  return args.flatMap((argument, index) => {
    const name = argument === '-e' ? args[index + 1] : undefined;
    return name !== undefined && VARIABLE.pattern.test(name) ? [name] : [];
  });
}

function texts(at: At | null, rule: TextRule): string[] {
  if (at === null) return [];
  if (!isList(at)) {
    complain(at, { expected: 'a list of texts', found: describe(at.tree) });
    return [];
  }
  return itemsOf(at).map((item) => readText(item, rule) ?? '');
}
