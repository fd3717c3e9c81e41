/** Bad manifests by the hundred: each a good one with one thing wrong, and the place that must be named. */
import type { Json, JsonObject } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/json.ts';
import { joinPath } from '../../manifest/tree.ts';
import { BAD_CEL, BAD_PATHS, BAD_SCHEMAS, BAD_TEMPLATES, BOMBS } from './bad-texts.ts';
import { changed, pathsOf } from './paths.ts';
import type { Path } from './paths.ts';
import { FILES, SAGA, WORKER } from './whole.ts';

export interface Bad {
  what: string;
  text: string;
  /** A file of theirs that is written with another text meanwhile. */
  file?: { name: string; text: string };
  /** Some problem is in this file (`m.yaml`: the manifest) and its path begins so. */
  place: { file: string; path: string };
}

const MANIFESTS: readonly [string, JsonObject][] = [
  ['worker', WORKER],
  ['saga', SAGA],
];

function written(path: Path): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : joinPath(text, key)),
    '',
  );
}

function inManifest(what: string, good: JsonObject, at: Path, value: Json | undefined, place = at): Bad {
  const doc = changed(good, at, () => value) ?? null;
  const said = `${what} (${written(at)}: ${JSON.stringify(value)?.slice(0, 80)})`;
  return { what: said, text: JSON.stringify(doc, null, 1), place: { file: 'm.yaml', path: written(place) } };
}

function inFile(what: string, name: string, text: string, path: string): Bad {
  const good = name.endsWith('-mock.yaml') ? WORKER : SAGA;
  return { what, text: JSON.stringify(good), file: { name, text }, place: { file: name, path } };
}

/** A literal may be anything, and its parts are nobody's fields. */
const isLiteral = (path: Path): boolean => path.includes('value');
/** Their keys are names that the author chose. */
const isNamed = (path: Path): boolean =>
  path.some((key) => ['with', 'fields', 'env', 'headers'].includes(String(key)));

function* wrongTypes(): Generator<Bad> {
  for (const [name, good] of MANIFESTS) {
    for (const path of pathsOf(good).filter((candidate) => !isLiteral(candidate))) {
      const old = valueAt(good, path);
      const wrong: Json[] = Array.isArray(old)
        ? [{ a: 1 }, 'x']
        : isJsonObject(old)
          ? [['x'], 7]
          : [['x'], {}];
      for (const value of wrong) yield inManifest(`wrong type in a ${name}`, good, path, value);
    }
  }
}

function* unknownKeys(): Generator<Bad> {
  for (const [name, good] of MANIFESTS) {
    const maps = [[], ...pathsOf(good)].filter((path) => isJsonObject(valueAt(good, path)));
    for (const path of maps.filter((candidate) => !isNamed(candidate) || candidate.at(-2) === 'with')) {
      const doc = changed(good, path, (map) => (isJsonObject(map) ? { ...map, zzz: 1 } : map)) ?? null;
      const place = { file: 'm.yaml', path: written([...path, 'zzz']) };
      yield { what: `unknown key in a ${name}`, text: JSON.stringify(doc), place };
    }
  }
}

const REQUIRED = [
  'kind',
  'name',
  'version',
  'description',
  'provider',
  'model_name',
  'system_prompt',
  'steps',
];
const STEP_REQUIRED = ['id', 'kind', 'worker', 'worker_version'];

function* missingKeys(): Generator<Bad> {
  for (const [name, good] of MANIFESTS) {
    for (const key of REQUIRED.filter(
      (each) => each in good && (name === 'saga' || each !== 'description'),
    )) {
      yield inManifest(`missing key of a ${name}`, good, [key], undefined);
    }
  }
  for (const key of [...STEP_REQUIRED, 'prompt'])
    yield inManifest('missing key', SAGA, ['steps', 0, key], undefined);
  for (const key of [...STEP_REQUIRED, 'tools'])
    yield inManifest('missing key', SAGA, ['steps', 1, key], undefined);
  for (const key of ['tool', 'into', 'fields']) {
    yield inManifest('missing key', SAGA, ['steps', 0, 'facts', 0, key], undefined);
  }
  yield inManifest('missing key', SAGA, ['steps', 0, 'resources', 'allow', 0, 'uri'], undefined);
  yield inManifest('missing key', WORKER, ['tool_sources', 0, 'command'], undefined);
  yield inManifest('missing key', WORKER, ['tool_sources', 1, 'url'], undefined);
}

const NAMED_FILES: readonly [JsonObject, Path][] = [
  [WORKER, ['model_name']],
  [SAGA, ['steps', 0, 'prompt']],
  [SAGA, ['steps', 0, 'policy']],
  [SAGA, ['steps', 0, 'output_schema']],
  [SAGA, ['steps', 0, 'tools', 'allow', 0, 'output_schema']],
  [SAGA, ['steps', 1, 'compensation']],
];

/** `link.yaml`, `away/` and `loop.yaml` are links that the test makes in each root. */
const NO_FILES = [
  ...['gone.yaml', 'gone/whole.yaml', '/etc/passwd.yaml', '../policies/whole.yaml', 'a/../../x.yaml'],
  ...['link.yaml', 'away/whole.yaml', 'loop.yaml', 'folder.yaml', 'C:/x.yaml', '..\\x.yaml', 'a\u0007.yaml'],
];

function* wrongFiles(): Generator<Bad> {
  for (const [good, path] of NAMED_FILES) {
    for (const name of NO_FILES) yield inManifest(`no file ${JSON.stringify(name)}`, good, path, name);
  }
}

function* repeated(): Generator<Bad> {
  yield inManifest('id twice', SAGA, ['steps', 1, 'id'], 'think');
  yield inManifest('id twice', SAGA, ['steps', 2, 'id'], 'act');
  yield inManifest('tool twice', SAGA, ['steps', 0, 'tools', 'allow', 1, 'name'], 'get', [
    ...['steps', 0, 'tools', 'allow', 1],
  ]);
  yield inManifest('facts twice', SAGA, ['steps', 0, 'facts', 1, 'into'], 'issue');
  yield inManifest(
    'resource twice',
    SAGA,
    ['steps', 0, 'resources', 'allow', 1, 'uri'],
    'repo://{repo}/files',
    [...['steps', 0, 'resources', 'allow', 1]],
  );
  yield inManifest('source twice', WORKER, ['tool_sources', 1, 'name'], 'notes', ['tool_sources', 1]);
  for (const [name, good] of MANIFESTS) {
    for (const key of Object.keys(good)) {
      const text = JSON.stringify(good).replace(`"${key}":`, `"${key}":1,"${key}":`);
      yield { what: `key twice in a ${name}`, text, place: { file: 'm.yaml', path: key } };
    }
  }
}

function* badExpressions(): Generator<Bad> {
  for (const cel of BAD_CEL) {
    yield inManifest('CEL', SAGA, ['steps', 0, 'when', 'cel'], cel);
    yield inFile('CEL', 'policies/whole.yaml', `name: whole\ncel: ${JSON.stringify(cel)}\n`, 'cel');
  }
  for (const path of BAD_PATHS) {
    yield inManifest('JSONPath', SAGA, ['steps', 0, 'with', 'issue', 'from'], path);
    yield inManifest('JSONPath', SAGA, ['steps', 0, 'facts', 0, 'fields', 'number'], path);
    const bindings = `worker: w\nworker_version: "1"\nwith: { id: { from: ${JSON.stringify(path)} } }\n`;
    yield inFile(
      'JSONPath',
      'compensations/whole.yaml',
      `${bindings}tools: { allow: [{ name: t }] }\n`,
      'with.id.from',
    );
  }
  for (const template of BAD_TEMPLATES) {
    yield inFile('template', 'prompts/whole.md', template, '');
    // An empty text is a value of a script.
    if (template.trim() === '') continue;
    const script = `steps: { think: [{ submit: { body: ${JSON.stringify(template)} } }] }`;
    yield inFile('template', 'prompts/whole-mock.yaml', script, 'steps.think[0].submit.body');
  }
  for (const schema of BAD_SCHEMAS) yield inFile('schema', 'schemas/whole.json', schema, '');
}

function* bombs(): Generator<Bad> {
  for (const text of BOMBS) yield { what: 'YAML', text, place: { file: 'm.yaml', path: '' } };
  for (const name of Object.keys(FILES).filter((each) => /\.(yaml|json)$/.test(each))) {
    for (const text of BOMBS.filter((bomb) => bomb.length < 100_000 && bomb !== '\0')) {
      yield inFile('YAML', name, text, '');
    }
  }
}

/** All of them, each time in the same order. */
export function* badManifests(): Generator<Bad> {
  yield* wrongTypes();
  yield* unknownKeys();
  yield* missingKeys();
  yield* wrongFiles();
  yield* repeated();
  yield* badExpressions();
  yield* bombs();
}

function valueAt(doc: Json, path: Path): Json | undefined {
  return path.reduce<Json | undefined>((value, key) => {
    if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined;
    return isJsonObject(value) ? value[String(key)] : undefined;
  }, doc);
}
