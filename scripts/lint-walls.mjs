/**
 * The lint rule `warden/walls`: which room may import which room and which library. An import is judged by the
 * file that it names, however its path is written: static, type-only, re-export, dynamic or in a type.
 */
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * `rooms`: names of rooms, or of single files of a room. `types`: rooms of which only types are imported.
 * `libraries`: packages; `node:` stands for every module of node itself.
 * @type {Record<string, { rooms: string[], types?: string[], libraries: string[] }>}
 */
export const walls = {
  domain: { rooms: [], libraries: [] },
  ledger: { rooms: ['domain'], libraries: ['canonicalize', 'node:crypto'] },
  expression: {
    rooms: ['domain'],
    libraries: ['@bufbuild/cel', '@bufbuild/protobuf', 'ajv', 'json-p3', 'minijinja-js', 'node:module'],
  },
  manifest: { rooms: ['domain', 'ledger', 'expression'], libraries: ['yaml', 'zod', 'node:'] },
  store: {
    rooms: ['domain', 'ledger'],
    libraries: ['@electric-sql/pglite', 'fast-json-patch', 'kysely', 'pg', 'node:'],
  },
  agent: {
    rooms: ['domain', 'expression'],
    libraries: ['@ai-sdk/anthropic', '@ai-sdk/openai', '@ai-sdk/openai-compatible', 'ai', 'zod', 'node:'],
  },
  mcp: { rooms: ['domain', 'expression'], libraries: ['@modelcontextprotocol/sdk', 'node:'] },
  workflows: { rooms: ['domain'], types: ['activities'], libraries: ['@temporalio/workflow'] },
  activities: {
    rooms: ['domain', 'ledger', 'expression', 'store', 'agent', 'mcp'],
    libraries: ['@temporalio/activity', '@temporalio/common', 'node:'],
  },
  delivery: {
    rooms: ['domain', 'store', 'workflows/messages.ts'],
    libraries: ['@temporalio/client', '@temporalio/common', '@temporalio/proto', 'node:'],
  },
  api: {
    rooms: ['domain', 'ledger', 'expression', 'manifest', 'store', 'delivery'],
    libraries: ['@asteasolutions/zod-to-openapi', 'express', 'helmet', 'zod', 'node:'],
  },
  cli: {
    rooms: ['api/client.ts', 'manifest', 'ledger'],
    libraries: ['@bomb.sh/tab', 'cli-table3', 'commander', 'picocolors', 'node:'],
  },
  servers: { rooms: [], libraries: ['@modelcontextprotocol/sdk', 'zod', 'node:'] },
  settings: { rooms: [], libraries: ['node:'] },
  // What the process entries share: only they import it.
  processes: {
    rooms: ['domain', 'store', 'agent', 'mcp', 'activities', 'delivery', 'api', 'settings.ts'],
    libraries: ['@temporalio/worker', '@temporalio/client', '@temporalio/proto', 'pino', 'node:'],
  },
};

/** Put things together, so they may import everything; nothing may import them. */
export const entries = [
  'worker.ts',
  'standalone.ts',
  'api/server.ts',
  'cli/warden.ts',
  'servers/notes.ts',
  'servers/issues.ts',
];

/** Programs about the whole: no walls inside, and no room may import them. */
const free = ['test', 'bench', 'scripts'];

/** @type {import('eslint').Rule.RuleModule} */
const rule = {
  meta: { type: 'problem', schema: [], messages: { wall: '{{reason}}' } },
  create(context) {
    const file = relative(root, context.filename).split(sep).join('/');
    const check = (node, source, typeOnly) => {
      if (typeof source?.value !== 'string') return;
      const reason = refusal(file, source.value, typeOnly);
      if (reason !== null) context.report({ node, messageId: 'wall', data: { reason } });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source, node.importKind === 'type'),
      ExportNamedDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
      ExportAllDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, node.source, false),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal, true),
      TSExternalModuleReference: (node) => check(node, node.expression, false),
    };
  },
};

export const wallsPlugin = { rules: { walls: rule } };

/**
 * Why a file may not import a source; null: it may.
 * @param {string} file path in the repository
 * @param {string} source as written in the import
 * @param {boolean} typeOnly
 * @returns {string | null}
 */
function refusal(file, source, typeOnly) {
  const room = roomOf(file);
  if (entries.includes(file) || free.includes(room)) return null;
  const wall = walls[room];
  if (wall === undefined) {
    return `"${file}" is in no room: expected one of ${Object.keys(walls).join(', ')}; move it, or name its room in scripts/lint-walls.mjs`;
  }
  if (!source.startsWith('.')) return libraryRefusal(room, wall, source);
  const target = join(dirname(file), source).split(sep).join('/');
  if (entries.includes(target)) {
    return `"${target}" is a process entry, which nothing imports; declare what you need as an interface`;
  }
  const targetRoom = roomOf(target);
  const allows = (names) => names.includes(targetRoom) || names.includes(target);
  if (targetRoom === room || allows(wall.rooms)) return null;
  const types = wall.types ?? [];
  if (allows(types)) return typeOnly ? null : `${room} imports only types of ${target}: write "import type"`;
  const allowed = [...wall.rooms, ...types.map((name) => `types of ${name}`)].join(', ') || 'no other room';
  return `${room} may not import "${target}"; it imports ${allowed}. Declare the interface that ${room} needs and let a process entry hand it in`;
}

function libraryRefusal(room, wall, source) {
  const fits = (library) =>
    library === 'node:' ? source.startsWith('node:') : source === library || source.startsWith(`${library}/`);
  if (wall.libraries.some(fits)) return null;
  const allowed = wall.libraries.join(', ') || 'no library';
  return `${room} may not import "${source}"; it uses ${allowed}. A new library gets its room in scripts/lint-walls.mjs`;
}

function roomOf(file) {
  const [first, ...rest] = file.split('/');
  return rest.length > 0 ? first : first.replace(/\.ts$/, '');
}
