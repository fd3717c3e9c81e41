import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { isInFlight } from '../../domain/status.ts';
import type { Identity } from '../../domain/definition.ts';
import type { Verb } from '../../domain/decision.ts';
import { judge } from '../../store/judge.ts';
import { sendAgain } from '../../store/requests.ts';
import { openStore, type Store } from '../../store/store.ts';
import { markClosed } from '../../store/terminated.ts';
import { commit, reason, UNDO } from './definitions.ts';
import type { Paused, ToolAnswer, Trouble, World } from './model-attempts.ts';
import { judgeEnd } from './model-end.ts';
import { next, workflow, type End } from './model-workflow.ts';
import { requestsOf, sagaRow } from './rows.ts';
import { cancel, decideOn, deployed, startedFrom } from './sagas.ts';
import { at, verifyChains } from './stores.ts';

const STEPS = [
  reason('draft', { hitl: true, hitl_max_retries: 1 }),
  commit('write', { hitl: true, compensation: UNDO }),
  reason('check'),
  commit('publish', { compensation: UNDO }),
];
const T0 = Date.parse('2030-01-01T00:00:00.000Z');

type Act =
  | { kind: 'run'; times: number }
  | { kind: 'decide' | 'type'; verb: Verb; index: number }
  | { kind: 'forge'; verb: Verb }
  | { kind: 'wait'; ms: number }
  | { kind: 'crash' | 'thaw' | 'deliver' | 'cancel' | 'cancel in Temporal' | 'reset' | 'terminate' };

const verb = fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const, 'retry' as const);
const index = fc.constantFrom(0, 0, 1, 1, 2);
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('run' as const), times: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('decide' as const), verb, index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('type' as const), verb, index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forge' as const), verb }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(20_000, 60_000) }),
  },
  ...([4, 3, 3, 1, 1, 1] as const).map((weight, at) => {
    const kinds = ['crash', 'thaw', 'deliver', 'cancel', 'cancel in Temporal', 'reset'] as const;
    return { weight, arbitrary: fc.record({ kind: fc.constant(kinds[at] ?? ('crash' as const)) }) };
  }),
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('run' as const), times: fc.constant(9) }) },
);
/** What tools answer, what goes wrong, and whether an attempt dies at its next pause on the way to the end. */
const luck = fc.record({
  tool: fc.array(fc.constantFrom<ToolAnswer[]>('done', 'done', 'lost', 'lost', 'failed'), {
    minLength: 1,
    maxLength: 6,
  }),
  troubles: fc.array(fc.constantFrom<Trouble[]>('none', 'none', 'away', 'unanswered'), {
    minLength: 3,
    maxLength: 12,
  }),
  deaths: fc.array(fc.constantFrom(true, false, false), { minLength: 12, maxLength: 24 }),
});

/** A call is lost, and the store is away when its attempt asks whether to call again: that one did call. */
const LOST_THEN_AWAY: [Act[], { tool: ToolAnswer[]; troubles: Trouble[]; deaths: boolean[] }, boolean] = [
  [{ kind: 'run', times: 5 }],
  { tool: ['lost'], troubles: ['none', 'away'], deaths: [] },
  false,
];

describe('a saga under any order of decisions, cancels, crashes, resets and late attempts', () => {
  let store: Store;
  let definition: Identity;
  before(async () => {
    store = await openStore({ directory: null });
    definition = await deployed(store, STEPS);
  });
  after(() => store.close());

  it('is decided once, ends once as it was decided, and no effect is made twice or left', async function () {
    this.timeout(120_000);
    const sequences = fc.array(acts, { minLength: 4, maxLength: 24 });
    const holds = fc.asyncProperty(sequences, luck, fc.boolean(), async (sequence, lucky, terminated) => {
      const story = await begin(store, definition, lucky);
      for (const one of sequence) await story.happens(one);
      if (terminated && sequence.length % 5 === 0) await story.happens({ kind: 'terminate' });
      await story.toTheEnd();
    });
    const examples = [LOST_THEN_AWAY];
    await fc.assert(holds, { examples, numRuns: 100, endOnFailure: false, interruptAfterTimeLimit: 100_000 });
    await verifyChains(store, 0);
  });
});

async function begin(
  store: Store,
  definition: Identity,
  { tool, troubles, deaths }: { tool: ToolAnswer[]; troubles: Trouble[]; deaths: boolean[] },
) {
  let clock = T0;
  const answers = [...tool];
  const dying = [...deaths];
  const run = await startedFrom(at(store, new Date(clock)), definition);
  const world: World = {
    run,
    store: () => at(store, new Date(clock)),
    passes: (ms) => (clock += ms),
    troubles: [...troubles],
    nextAnswer: () => answers.shift() ?? 'done',
    effects: new Map(),
    inbox: [],
    distrustful: false,
    cancelled: false,
    cancelTold: false,
    waiting: false,
    current: null,
    frozen: [],
    crash: false,
  };
  let main = workflow(world);
  let end: End | null = null;
  let terminated = false;
  let endedAs: string | null = null;
  let forged = 0;
  const accepted = new Map<string, Verb>();
  const typed = new Set<Verb>();

  async function advance(): Promise<void> {
    if (end !== null || terminated) return;
    const step = await main.next();
    if (step.done === true) end = step.value;
  }

  /** Temporal brings what was asked and not consumed; a decision comes as a signal, a cancel as a cancel. */
  async function deliver(): Promise<void> {
    for (const { id, kind, consumed_at } of await requestsOf(store, run)) {
      if (consumed_at !== null || kind === 'start') continue;
      if (kind === 'cancel') world.cancelled = true;
      else if (kind !== 'retry_step' && kind !== 'retry_compensation')
        world.inbox.push({ name: kind, cause: { kind: 'request', request: id } });
    }
  }

  async function decide(verb: Verb, index: number): Promise<void> {
    const result = await decideOn(world.store(), run, index, { verb });
    if (result.kind === 'queued') accepted.set(result.idempotencyKey, verb);
  }

  /** A typed signal is bound to the review that is open when it comes. */
  async function type(verb: Verb, index: number): Promise<void> {
    const open = await pendingOf(store, run.trace);
    if (open?.span_id !== run.span(index) || !world.waiting) return;
    world.inbox.push({ name: verb, cause: { kind: 'signal', name: verb, body: {}, identity: 'ops' } });
    typed.add(verb);
  }

  /** A hand types what looks like a request of ours. */
  function forge(verb: Verb): void {
    forged += 1;
    world.inbox.push({ name: verb, cause: { kind: 'request', request: `forged-${forged}` } });
  }

  async function reset(): Promise<void> {
    if (world.current) world.frozen.push(world.current);
    Object.assign(world, {
      inbox: [],
      distrustful: false,
      cancelled: false,
      cancelTold: false,
      waiting: false,
      current: null,
      crash: false,
    });
    main = workflow(world);
    end = null;
    terminated = false;
    if (!isInFlight((await sagaRow(store, run)).status)) return;
    await judge(world.store(), run.trace, (court) =>
      sendAgain(court, ['approve', 'reject', 'retry', 'cancel'], 'all'),
    );
  }

  async function happens(act: Act): Promise<void> {
    switch (act.kind) {
      case 'run':
        for (let time = 0; time < act.times; time += 1) await advance();
        break;
      case 'decide':
        await decide(act.verb, act.index);
        break;
      case 'type':
        await type(act.verb, act.index);
        break;
      case 'forge':
        forge(act.verb);
        break;
      case 'wait':
        clock += act.ms;
        break;
      case 'crash':
        world.crash = world.current !== null;
        break;
      case 'thaw':
        await thaw(world.frozen);
        break;
      case 'deliver':
        await deliver();
        break;
      case 'cancel':
        await cancel(world.store(), run);
        break;
      case 'cancel in Temporal':
        world.cancelled = true;
        break;
      case 'reset':
        await reset();
        break;
      case 'terminate':
        await markClosed(world.store(), run.trace, { status: 'TERMINATED' });
        terminated = true;
        break;
    }
    await invariants();
  }

  async function invariants(): Promise<void> {
    const { status, ended_at } = await sagaRow(store, run);
    assert.equal(ended_at === null, isInFlight(status));
    if (endedAs !== null) assert.equal(status, endedAs, 'ended stays ended');
    if (isInFlight(status)) return;
    endedAs = status;
    assert.equal(await pendingOf(store, run.trace), null, 'no review is open in a saga that has ended');
  }

  /** Everybody does their part until the workflow ends; what was given up thaws last. */
  async function toTheEnd(): Promise<void> {
    if (terminated) await reset();
    for (let turn = 0; end === null; turn += 1) {
      assert.ok(turn < 600, 'the saga hangs');
      if (world.waiting && turn % 3 === 0) {
        const open = await pendingOf(store, run.trace);
        if (open) await decide(turn % 12 === 3 ? 'reject' : 'approve', open.span_id === run.span(0) ? 0 : 1);
        await deliver();
      }
      if (world.current !== null) world.crash = dying.shift() ?? false;
      await advance();
      if (turn % 5 === 0) await thaw(world.frozen);
      await invariants();
    }
    while (world.frozen.length > 0) await thaw(world.frozen);
    await invariants();
    await judgeEnd(store, world, end, { accepted, typed });
  }

  return { happens, toTheEnd };
}

async function thaw(frozen: Paused<unknown>[]): Promise<void> {
  const paused = frozen.shift();
  if (!paused) return;
  const step = await next(paused);
  if (typeof step === 'object' && step.done === false) frozen.push(paused);
}

async function pendingOf(store: Store, trace: string) {
  const row = await store.db
    .selectFrom('reviews')
    .select(['span_id', 'iteration'])
    .where('trace_id', '=', trace)
    .where('status', '=', 'pending')
    .executeTakeFirst();
  return row ?? null;
}
