/** `tool_sources`: MCP servers that a worker's steps call. Deploy connects to none of them. */
import type { ToolSource } from '../domain/definition.ts';
import { openFields } from './fields.ts';
import type { Keys } from './fields.ts';
import { HTTP_KEYS, readHttpSource } from './http-source.ts';
import { NAME } from './identity.ts';
import { shown } from './problem.ts';
import { readText } from './scalar.ts';
import { readStdioSource, STDIO_KEYS } from './stdio-source.ts';
import { complain, describe, isList, itemsOf } from './tree.ts';
import type { At } from './tree.ts';

type Transport = ToolSource['transport'];

const TRANSPORTS: readonly Transport[] = ['sse', 'http', 'stdio'];
const DEFAULT_TRANSPORT = 'sse';
const COMMON = ['name', 'transport'];

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
  const known = openFields(at, null, 'a tool source {name, transport, …}');
  const given = known.child('transport');
  const transport = given === null ? DEFAULT_TRANSPORT : readTransport(given);
  const fields = at.tree.kind === 'map' ? openFields(at, keysFor(transport, given === null)) : known;
  const name = fields.text('name', NAME);
  // Of an unknown transport nothing more can be said.
  if (transport === null) return { name, transport: 'sse', url: '', headers: {} };
  if (transport === 'stdio') return readStdioSource(fields, name, stdioAllow);
  return readHttpSource(fields, name, transport);
}

/** In any case, as older manifests write it. */
function readTransport(at: At): Transport | null {
  const text = readText(at, { expected: TRANSPORTS.join(' or '), max: 100 });
  if (text === null) return null;
  const transport = TRANSPORTS.find((word) => word === text.toLowerCase());
  if (transport === undefined) {
    complain(at, { expected: TRANSPORTS.join(' or '), found: `the text ${shown(text)}` });
  }
  return transport ?? null;
}

function keysFor(transport: Transport | null, byDefault: boolean): Keys {
  if (transport === null) return { known: [...COMMON, ...HTTP_KEYS, ...STDIO_KEYS] };
  const [own, others] = transport === 'stdio' ? [STDIO_KEYS, HTTP_KEYS] : [HTTP_KEYS, STDIO_KEYS];
  const belongs = transport === 'stdio' ? 'transports sse and http' : 'transport stdio';
  const is = byDefault ? `${transport}, because "transport" is missing` : transport;
  return {
    known: [...COMMON, ...own],
    elsewhere: Object.fromEntries(others.map((key) => [key, `belongs to the ${belongs}; this is ${is}`])),
  };
}
