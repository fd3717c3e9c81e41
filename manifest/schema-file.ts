/** A JSON Schema file (JSON or YAML), compiled at deploy. */
import type { JsonObject } from '../domain/json.ts';
import { messageOf } from '../expression/error.ts';
import { compileSchema } from '../expression/schema.ts';
import { readDocument } from './document.ts';
import type { NamedFiles } from './named-files.ts';
import { complain, describe, joinPath, toJsonObject } from './tree.ts';
import type { At } from './tree.ts';

/** The schema whose file is named at `at`; null when there is none that can be used. */
export function readSchemaFile(at: At | null, files: NamedFiles): JsonObject | null {
  const source = at && files.open(at, 'schemas');
  const document = source && readDocument(source);
  if (document === null) return null;
  if (document.tree.kind !== 'map') {
    complain(document, { expected: 'a JSON Schema, which is a map', found: describe(document.tree) });
    return null;
  }
  const schema = toJsonObject(document.tree);
  try {
    compileSchema(schema);
  } catch (error) {
    const message = messageOf(error);
    complain(blamed(document, message), { expected: 'a JSON Schema', found: message.slice(0, 200), message });
  }
  return schema;
}

/** The library names the part it refuses as `data/properties/x/type`: as far into the file as that leads. */
function blamed(document: At, message: string): At {
  let at = document;
  for (const part of /\bdata\/(\S+)/.exec(message)?.[1]?.split('/') ?? []) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const { tree, path, source } = at;
    const next =
      tree.kind === 'map'
        ? tree.entries.get(key)?.value
        : tree.kind === 'list'
          ? tree.items[Number(key)]
          : undefined;
    if (!next) return at;
    at = { source, path: tree.kind === 'list' ? `${path}[${key}]` : joinPath(path, key), tree: next };
  }
  return at;
}
