/** `tool_sources`: MCP servers that a worker's steps call, started by the worker process. */
import type { ToolSource } from '../domain/definition.ts';
import { notYet, openFields } from './fields.ts';
import type { Fields } from './fields.ts';
import { NAME } from './identity.ts';
import { shown } from './problem.ts';
import { readText } from './scalar.ts';
import type { TextRule } from './scalar.ts';
import { complain, describe, isList, itemsOf, joinPath } from './tree.ts';
import type { At } from './tree.ts';

const KEYS = {
  known: ['name', 'transport', 'command', 'args', 'cwd', 'env', 'env_inherit'],
  later: ['url', 'headers'],
};
const PROGRAM: TextRule = {
  expected: 'a command that WARDEN_STDIO_ALLOW lists',
  max: 1000,
  pattern: /^[^\0]+$/,
};
const VARIABLE: TextRule = {
  expected: 'the name of an environment variable',
  max: 256,
  pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
};
const ARGUMENT: TextRule = { expected: 'a text', max: 100_000, empty: true };
const TRANSPORT: TextRule = { expected: 'stdio', max: 100 };

export function readToolSources(at: At | null, stdioAllow: readonly string[]): ToolSource[] {
  if (at === null) return [];
  if (!isList(at)) {
    complain(at, { expected: 'a list of tool sources', found: describe(at.tree) });
    return [];
  }
  const seen = new Set<string>();
  return itemsOf(at).map((item) => {
    const source = readToolSource(item, stdioAllow);
    if (source.name !== '' && seen.has(source.name)) {
      complain(item, {
        expected: 'a name of its own for each source',
        found: `${shown(source.name)} a second time`,
      });
    }
    seen.add(source.name);
    return source;
  });
}

function readToolSource(at: At, stdioAllow: readonly string[]): ToolSource {
  const fields = openFields(at, KEYS, 'a tool source {name, transport: stdio, command}');
  checkTransport(fields);
  const args = texts(fields.child('args'), ARGUMENT);
  const inherited = [...texts(fields.child('env_inherit'), VARIABLE), ...dockerStyle(args)];
  return {
    name: fields.text('name', NAME),
    transport: 'stdio',
    command: readCommand(fields, stdioAllow),
    args,
    cwd: fields.optionalText('cwd', { ...PROGRAM, expected: 'a folder' }),
    env: readEnv(fields.child('env')),
    env_inherit: [...new Set(inherited)],
  };
}

function checkTransport(fields: Fields): void {
  const at = fields.child('transport');
  if (at === null) {
    if (fields.at.tree.kind !== 'map') return;
    const message = 'no "transport" means sse, which is not supported yet: write "transport: stdio"';
    complain(fields.at, { expected: 'transport: stdio', found: 'nothing', message });
    return;
  }
  const transport = readText(at, TRANSPORT)?.toLowerCase();
  if (transport === 'sse' || transport === 'http') complain(at, notYet(`the transport ${transport}`));
  else if (transport !== undefined && transport !== 'stdio') {
    complain(at, { expected: 'stdio (sse and http are not supported yet)', found: shown(transport) });
  }
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
    return name !== undefined && VARIABLE.pattern?.test(name) ? [name] : [];
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

/** `${ENV:NAME}` stays as it is: it is resolved in the worker process, and no secret enters a definition. */
function readEnv(at: At | null): Record<string, string> {
  if (at === null) return {};
  const { tree, source } = at;
  if (tree.kind !== 'map') {
    complain(at, { expected: 'a map of variables to texts', found: describe(tree) });
    return {};
  }
  const entries = Array.from(tree.entries, ([name, { key, value }]): [string, string] => {
    const inside = { source, path: joinPath(at.path, name), tree: value };
    if (!VARIABLE.pattern?.test(name))
      complain(inside, { expected: VARIABLE.expected, found: shown(name) }, key);
    return [name, readText(inside, ARGUMENT) ?? ''];
  });
  return Object.fromEntries(entries);
}
