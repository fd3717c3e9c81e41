/** Manifests for the tests of their rules: good ones with something of one's own in them, and what is said of bad ones. */
import assert from 'node:assert/strict';
import { refused, write, type StepText, type World } from './world.ts';

export interface Problem {
  file: string | null;
  line: number;
  column: number;
  path: string;
  expected: string;
  found: string;
  message: string;
}

/** What must be said of a bad manifest: the manifest, the path of some problem, and its message. */
export type BadCase = readonly [manifest: object | string, path: string, says: RegExp];

export type Deploys = ReturnType<typeof useDeploys>;

export function useDeploys(world: World) {
  const textOf = (manifest: object | string): string =>
    typeof manifest === 'string' ? manifest : JSON.stringify(manifest, null, 1);

  /** The problems of a manifest that is refused, each with all that a problem has. */
  async function problems(manifest: object | string): Promise<Problem[]> {
    const error = await refused(world.stack().http.deploy(textOf(manifest)));
    assert.equal(error.status, 400);
    return error.problem.problems.map(wholeProblem);
  }

  return {
    problems,
    /** Deploys, and answers whether the definition is `created`, `replaced` or `unchanged`. */
    outcome: async (manifest: object | string): Promise<string> => {
      const { message } = await world.stack().http.deploy(textOf(manifest));
      return /\((\w+)\)$/.exec(message)?.[1] ?? message;
    },
    refuses: async (cases: readonly BadCase[]): Promise<void> => {
      for (const [manifest, path, says] of cases) {
        const all = await problems(manifest);
        const told = all.map((problem) => `${problem.path}: ${problem.message}`);
        const fits = all.some((problem) => problem.path === path && says.test(problem.message));
        assert.ok(fits, `expected ${path}: ${String(says)}, got ${told.join(' | ')}`);
      }
    },
  };
}

function wholeProblem(problem: Record<string, unknown>): Problem {
  const { file, line, column, path, expected, found, message } = problem;
  assert.ok(file === null || typeof file === 'string');
  assert.ok(typeof line === 'number' && line > 0, `a line in ${JSON.stringify(problem)}`);
  assert.ok(typeof column === 'number' && column > 0, `a column in ${JSON.stringify(problem)}`);
  assert.ok(typeof path === 'string' && typeof expected === 'string' && typeof found === 'string');
  assert.ok(typeof message === 'string' && expected !== '' && found !== '' && message !== '');
  return { file, line, column, path, expected, found, message };
}

/** A saga with these steps, to be deployed and not run. */
export function sagaOf(...steps: StepText[]) {
  return { kind: 'saga', name: 'read', version: '1', description: 'Is read.', steps };
}

/** A saga of one commit that has these fields too. */
export function stepWith(more: object) {
  return sagaOf(write('a', more));
}

/** A worker to be deployed and not run. */
export function workerWith(more: object) {
  return {
    kind: 'worker',
    name: 'read',
    version: '1',
    provider: 'mock',
    model_name: 'schema',
    system_prompt: 'You are read.',
    ...more,
  };
}
