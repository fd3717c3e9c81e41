/** Deploying a manifest: read, its workers found, frozen into a definition. */
import type { Definition } from '../domain/definition.ts';
import type { Problem, Roots, WorkerReference } from '../manifest/read.ts';
import { deploy, findDefinition } from '../store/definitions.ts';
import type { Store } from '../store/store.ts';
import { personOf } from './actor.ts';
import { deployed, manifestRefused, manifestSent } from './contract-definitions.ts';
import { parseJson } from './limits.ts';
import { loadManifestReader } from './on-demand.ts';
import { Refusal } from './problem.ts';
import { jsonRoute, none, type Route } from './route.ts';

export interface ManifestSettings {
  roots: Roots;
  stdioAllow: readonly string[];
}

export function manifestRoutes(store: Store, settings: ManifestSettings): Route[] {
  return [
    jsonRoute({
      method: 'post',
      path: '/v1/manifests',
      summary: 'Deploy a manifest: JSON when the content type says so, else YAML',
      operation: 'deploy',
      refuses: { 400: manifestRefused },
      media: manifestSent,
      status: 200,
      params: none,
      query: none,
      body: none,
      answer: deployed,
      run: async ({ asked: { text, contentType } }) => {
        // Read for its limits and syntax only: the one reader of manifests reads JSON as the YAML that it is.
        if (isJson(contentType)) parseJson(text);
        const { describeProblem, readManifest } = await loadManifestReader();
        const refused = (problems: readonly Problem[]) => refusedFor(problems, describeProblem);
        const read = readManifest(text, { file: null, ...settings });
        if (read.kind === 'problems') {
          // What is no name was told as that.
          const named = read.references.filter(({ worker, version }) => worker !== '' && version !== '');
          throw refused([...read.problems, ...(await unknownWorkers(store, read, named))]);
        }
        const { definition, references } = read;
        const problems = await unknownWorkers(store, definition, references);
        if (problems.length > 0) throw refused(problems);
        const { kind, namespace, name, version } = definition;
        const result = await deploy(store, definition, personOf(null));
        return { message: `${kind} ${name} ${version} deployed in namespace ${namespace} (${result.kind})` };
      },
    }),
  ];
}

function isJson(contentType: string): boolean {
  return /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType);
}

/** 400 with every problem. */
function refusedFor(problems: readonly Problem[], describe: (problem: Problem) => string): Refusal {
  return new Refusal({
    title: 'The manifest cannot be deployed',
    status: 400,
    detail: problems.map(describe).join('\n'),
    problems: problems.map((problem) => ({ ...problem })),
  });
}

/** Workers that a saga names must be deployed in its own namespace before it. */
async function unknownWorkers(
  store: Store,
  { namespace }: Pick<Definition, 'namespace'>,
  references: readonly WorkerReference[],
): Promise<Problem[]> {
  const known = new Map<string, boolean>();
  const problems: Problem[] = [];
  for (const { worker, version, path, line, column } of references) {
    const key = JSON.stringify([worker, version]);
    const identity = { namespace, name: worker, version };
    const found = known.get(key) ?? (await findDefinition(store, 'worker', identity)) !== null;
    known.set(key, found);
    if (found) continue;
    const expected = `a worker deployed in namespace ${namespace}`;
    const what = `${worker} ${version}`;
    const message = `expected ${expected}, found none named ${what}: deploy the worker first`;
    problems.push({ file: null, line, column, path, expected, found: what, message });
  }
  return problems;
}
