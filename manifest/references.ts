/** The workers that a saga's steps and compensations name, and where. */
import type { Definition } from '../domain/definition.ts';
import { joinPath } from './tree.ts';
import type { At, Tree } from './tree.ts';

export interface WorkerReference {
  worker: string;
  version: string;
  /** In the manifest: `steps[0].worker`, or `steps[0].compensation` for the one that its file names. */
  path: string;
  line: number | null;
  column: number | null;
}

export function referencesOf(root: At, definition: Definition): WorkerReference[] {
  if (definition.kind === 'worker') return [];
  const list = member(root.tree, 'steps');
  return definition.steps.flatMap((step, index) => {
    const tree = list?.kind === 'list' ? list.items[index] : undefined;
    const at = (key: string) => ({ path: joinPath(`steps[${index}]`, key), ...placeOf(tree, key) });
    const own = { worker: step.worker, version: step.worker_version, ...at('worker') };
    if (step.compensation === null) return [own];
    const { worker, worker_version: version } = step.compensation;
    return [own, { worker, version, ...at('compensation') }];
  });
}

function member(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === 'map' ? tree.entries.get(key)?.value : undefined;
}

function placeOf(tree: Tree | undefined, key: string): { line: number | null; column: number | null } {
  const place = member(tree, key)?.place;
  return { line: place?.line ?? null, column: place?.column ?? null };
}
