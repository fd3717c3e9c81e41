import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { parse } from 'yaml';
import type { Json } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/json.ts';
import { copyExample } from './example.ts';
import type { Example } from './example.ts';
import { changed, pathsOf } from './paths.ts';
import { SAGA, WORKER, writeFiles } from './whole.ts';

const WRONG: Json[] = [
  ...[
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    '',
    ' ',
    'x',
    '../x',
    '/etc/passwd',
    '{{',
    '$.',
    'mock',
    'reason',
    'commit',
  ],
  ...[[], {}, [null], { x: 1 }, [{}], [[]], { '': '' }, '\u202e', '{% if %}', 'changelog-mock.yaml'],
];
const mutation = fc.oneof(
  fc.constantFrom(...WRONG).map((value) => () => value),
  fc.constant(() => undefined),
  fc.string({ maxLength: 8 }).map((key) => (old: Json) => (isJsonObject(old) ? { ...old, [key]: 1 } : [old])),
  fc.json({ maxDepth: 3 }).map((text) => (): Json => JSON.parse(text)),
);

describe('a manifest with something changed in it', () => {
  let example: Example;
  before(() => {
    example = copyExample();
    writeFiles(example);
  });
  after(() => example.remove());

  function readsOrSaysWhy(text: string): void {
    const reading = example.read(text);
    if (reading.kind === 'definition') return;
    assert.ok(reading.problems.length > 0);
    for (const { message, expected, found } of reading.problems) {
      assert.ok(message !== '' && expected !== '' && found !== '');
      assert.doesNotMatch(message, /[\r\n]|found undefined|: undefined|\[object/);
    }
  }

  const good = (): Record<string, Json> => ({
    worker: parse(example.worker),
    saga: parse(example.saga),
    'worker with every field': WORKER,
    'saga with every field': SAGA,
  });
  for (const name of ['worker', 'saga', 'worker with every field', 'saga with every field']) {
    it(`reads, or says at least once what is wrong and never throws: ${name}`, () => {
      const doc = good()[name] ?? assert.fail();
      const paths = pathsOf(doc);
      const many = fc.array(fc.tuple(fc.constantFrom(...paths), mutation), { minLength: 1, maxLength: 3 });
      fc.assert(
        fc.property(many, (mutations) => {
          const bad = mutations.reduce<Json>(
            (mutated, [path, change]) => changed(mutated, path, change) ?? null,
            doc,
          );
          readsOrSaysWhy(JSON.stringify(bad));
        }),
        { numRuns: 100 },
      );
    });
  }

  it('is refused when any one of its keys is misspelt, at that key', () => {
    const good: Json = parse(example.saga);
    for (const path of pathsOf(good)) {
      const key = path.at(-1);
      if (typeof key !== 'string' || path.includes('with') || path[0] === 'kind' || path.includes('value'))
        continue;
      const text = JSON.stringify(changed(good, path.slice(0, -1), (map) => renamed(map, key)));
      const found = example.problems(text).map((problem) => problem.path);
      assert.ok(
        found.some((place) => place.endsWith(`${key}Q`)),
        `${path.join('.')}: ${found.join(', ')}`,
      );
    }
  });

  it('reads, or says what is wrong, when its text is cut or damaged', () => {
    const damage = fc.tuple(
      fc.nat(example?.saga.length ?? 5000),
      fc.constantFrom('', '{', '[', '"', '&a ', '*a', '- ', '\t', '\0', ': '),
    );
    fc.assert(
      fc.property(damage, fc.boolean(), ([at, piece], cut) => {
        const { saga } = example;
        readsOrSaysWhy(saga.slice(0, at) + piece + (cut ? '' : saga.slice(at)));
      }),
      { numRuns: 150 },
    );
  });

  it('is refused when any one of the files that it names is missing', () => {
    for (const name of [
      'changelog-collect.md',
      'changelog-plan.json',
      'restore-note.yaml',
      'changelog-entry',
    ]) {
      const problems = example.problems(example.saga.replaceAll(name, `gone-${name}`));
      assert.ok(
        problems.length > 0 && problems.every(({ message }) => message.includes('no such file')),
        name,
      );
    }
  });
});

function renamed(map: Json, key: string): Json {
  if (!isJsonObject(map)) return map;
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [name === key ? `${key}Q` : name, value]),
  );
}
