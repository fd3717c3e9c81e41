/**
 * What the tests of the rules stand on: one whole Warden with folders of its own for manifests' files, and a short
 * way of writing sagas. Everything goes through the public HTTP interface, as any client's would.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'mocha';
import { ApiError } from '../../api/client.ts';
import type { JsonObject } from '../../domain/json.ts';
import { ended, review, saga, steps } from '../support/sagas.ts';
import { startStack, until, type Stack } from '../support/stack.ts';

export type Root = 'prompts' | 'policies' | 'schemas' | 'compensations';

export interface StepText {
  id: string;
  kind: 'reason' | 'commit';
  [field: string]: unknown;
}

export type World = ReturnType<typeof useWorld>;

const WORKER = { kind: 'worker', version: '1', system_prompt: 'You keep notes.' };
export const NOTES = { name: 'notes', transport: 'stdio', command: 'warden-notes' };

let sagas = 0;

type Environment = Readonly<Record<string, string>>;

/**
 * A world for the tests of one `describe`, made before them and gone after them.
 * @param env settings; a function when they are known only after an earlier `before`
 */
export function useWorld(env: Environment | (() => Environment) = {}) {
  let stack: Stack | null = null;
  let folder = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'warden-rules-'));
    const roots = Object.fromEntries(
      (['prompts', 'policies', 'schemas', 'compensations'] as const).map((root) => {
        mkdirSync(join(folder, root));
        return [`${root.toUpperCase()}_ROOT`, join(folder, root)];
      }),
    );
    stack = await startStack({ env: { ...roots, ...(typeof env === 'function' ? env() : env) } });
    file('prompts', 'think.md', 'Think about {{ subject }}.');
    file('schemas', 'summary.json', {
      type: 'object',
      properties: { summary: { type: 'string', minLength: 1, maxLength: 200 } },
      required: ['summary'],
      additionalProperties: false,
    });
    file('compensations', 'restore.yaml', {
      worker: 'tester',
      worker_version: '1',
      with: { forward_key: { from: '$._compensation.forward_idempotency_key' } },
      tools: { allow: [{ name: 'restore_note' }] },
    });
    await deploy({
      ...WORKER,
      name: 'tester',
      provider: 'mock',
      model_name: 'schema',
      tool_sources: [NOTES],
    });
  });
  after(async () => {
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const running = (): Stack => {
    if (stack === null) throw new Error('expected the world to be made before it is used');
    return stack;
  };

  function file(root: Root, name: string, content: string | object): string {
    writeFileSync(join(folder, root, name), typeof content === 'string' ? content : JSON.stringify(content));
    return name;
  }

  async function deploy(manifest: object | string): Promise<void> {
    await running().http.deploy(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  }

  /** Deploys a saga of these steps under a name of its own, and answers the name. */
  async function define(...texts: StepText[]): Promise<string> {
    const name = `rule-${(sagas += 1)}`;
    await deploy({ kind: 'saga', name, version: '1', description: 'Proves a rule.', steps: texts });
    return name;
  }

  async function start(texts: StepText[], input: JsonObject = {}): Promise<string> {
    const name = await define(...texts);
    const { trace_id } = await running().http.startSaga({ name, version: '1', input });
    return trace_id;
  }

  /** Starts a saga and waits for its end. */
  async function run(texts: StepText[], input: JsonObject = {}) {
    const traceId = await start(texts, input);
    return { traceId, saga: await end(traceId), rows: await rows(traceId) };
  }

  const end = (traceId: string) => ended(running(), traceId);
  const rows = (traceId: string) => steps(running(), traceId);

  async function show(traceId: string, stepId: string) {
    const found = (await rows(traceId)).find(
      (row) => row.step_id === stepId && row.compensates_span_id === null,
    );
    if (!found) throw new Error(`expected a step ${stepId} in saga ${traceId}, found none`);
    return await running().http.showStep(traceId, found.step_span_id);
  }

  /** The review of this step and iteration, waited for. */
  const held = (traceId: string, stepId?: string, iteration?: number) =>
    until(`a review of ${stepId ?? 'any step'}`, async () => {
      const open = await review(running(), traceId);
      const right =
        (stepId ?? open.step_id) === open.step_id && (iteration ?? open.iteration) === open.iteration;
      return right ? open : null;
    });

  return {
    stack: running,
    file,
    deploy,
    define,
    start,
    run,
    end,
    rows,
    show,
    held,
    saga: (traceId: string) => saga(running(), traceId),
    /** `<step id> <status>` of each row in order; an undo is marked. */
    statuses: async (traceId: string) =>
      (await rows(traceId)).map(
        (row) => `${row.compensates_span_id === null ? '' : 'undo of '}${row.step_id} ${row.status}`,
      ),
    /** What the tool server recorded of this saga. */
    record: (traceId: string) =>
      running()
        .record()
        .filter(({ key }) => key?.startsWith(traceId)),
    note: (path: string): string | null => {
      const name = join(running().notes.folder, path);
      return existsSync(name) ? readFileSync(name, 'utf8') : null;
    },
    /** Makes tools slow or failing from the next call on; null: as they are. */
    rehearse: (control: object | null) => {
      const name = join(running().notes.folder, '.control.json');
      if (control === null) rmSync(name, { force: true });
      else writeFileSync(name, JSON.stringify(control));
    },
    /** The entries of a saga's chain in the ledger. */
    ledger: async (traceId: string): Promise<LedgerLine[]> => {
      const text = await (await running().http.exportLedger({ trace_id: traceId })).text();
      return text.split('\n').flatMap((line) => {
        if (line === '') return [];
        const parsed: LedgerLine = JSON.parse(line);
        return parsed.type === undefined ? [] : [parsed];
      });
    },
  };
}

export interface LedgerLine {
  type: string;
  span_id: string | null;
  actor: { subject: string; kind: string };
  data: JsonObject | null;
}

/** A commit that writes a note, by a tool that is idempotent. */
export function write(id: string, more: object = {}): StepText {
  return {
    id,
    name: id,
    kind: 'commit',
    worker: 'tester',
    worker_version: '1',
    with: { path: { value: `${id}.md` }, content: { value: id } },
    tools: { allow: [{ name: 'put_note' }] },
    ...more,
  };
}

/** A reason step that answers a summary. */
export function think(id: string, more: object = {}): StepText {
  return {
    id,
    name: id,
    kind: 'reason',
    worker: 'tester',
    worker_version: '1',
    prompt: 'think.md',
    with: { subject: { value: id } },
    output_schema: 'summary.json',
    ...more,
  };
}

/** A commit that its tool refuses. */
export function fails(id: string, more: object = {}): StepText {
  return write(id, { with: { path: { value: '../outside.md' }, content: { value: id } }, ...more });
}

export const UNDO = { compensation: 'restore.yaml' };

/** The refusal of what was asked. Throws when it was none. */
export async function refused(asked: Promise<unknown>): Promise<ApiError> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('expected a refusal, got none');
}
