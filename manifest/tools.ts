/** `tools.allow`: which tools a step, or an undo, may call. */
import type { ToolAllowance } from '../domain/definition.ts';
import { openFields } from './fields.ts';
import { NAME } from './identity.ts';
import type { NamedFiles } from './named-files.ts';
import { shown } from './problem.ts';
import { readSchemaFile } from './schema-file.ts';
import { ANY_TEXT } from './scalar.ts';
import type { TextRule } from './scalar.ts';
import { complain, describe, isList, itemsOf } from './tree.ts';
import type { At } from './tree.ts';

const KEYS = { known: ['name', 'description', 'strict_schema', 'output_schema', 'idempotent'] };
const TOOL: TextRule = { ...NAME, expected: 'the name of a tool', max: 256 };
/** Tools of the agent itself: it ends a step with the first and reads resources with the second. */
const VIRTUAL = ['_submit', '_read_resource'];

/** The allowances of the map `tools` at `at`, in their order; none when it is null. */
export function readTools(at: At | null, files: NamedFiles): ToolAllowance[] {
  if (at === null) return [];
  const list = openFields(at, { known: ['allow'] }, 'a map {allow: […]}').child('allow');
  if (list === null) return [];
  if (!isList(list)) {
    complain(list, { expected: 'a list of {name: …}', found: describe(list.tree) });
    return [];
  }
  const seen = new Set<string>();
  return itemsOf(list).map((item) => {
    const tool = readTool(item, files);
    const virtual = VIRTUAL.includes(tool.name);
    if (tool.name !== '' && (seen.has(tool.name) || virtual)) {
      const found = virtual ? `the reserved name ${tool.name}` : `${shown(tool.name)} a second time`;
      complain(item, { expected: 'each tool once, by its name on the server', found });
    }
    seen.add(tool.name);
    return tool;
  });
}

function readTool(at: At, files: NamedFiles): ToolAllowance {
  const fields = openFields(
    at,
    KEYS,
    'a tool {name, description?, strict_schema?, output_schema?, idempotent?}',
  );
  return {
    name: fields.text('name', TOOL),
    description: fields.optionalText('description', ANY_TEXT),
    strict_schema: fields.boolean('strict_schema'),
    output_schema: readSchemaFile(fields.child('output_schema'), files),
    idempotent: fields.boolean('idempotent'),
  };
}
