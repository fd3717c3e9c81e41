import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { isJsonObject } from '../../domain/json.ts';
import { loadEnvironment } from '../../settings.ts';
import { createCluster, type Cluster } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { deployFixtures, ended, started, steps } from '../support/sagas.ts';
import { until } from '../support/stack.ts';
import { sharedTemporal } from '../support/temporal.ts';
import {
  countsOf,
  repeats,
  SLOW_TOOL,
  startStages,
  TURNS,
  type Counts,
  type Stages,
} from './agents-stages.ts';

/**
 * How often one saga is killed: each time takes the 10 s of a heartbeat that does not come, and Temporal's pause. The
 * suite does it three times, at the last turns; by hand it is done at each of them, with WARDEN_TEST_KILLS=10.
 */
const KILLS = Number(loadEnvironment()['WARDEN_TEST_KILLS'] ?? '3');

/** asked: the turn is being made. answered: it was just sent. call: its tool call is under way. */
const MOMENTS = ['asked', 'answered', 'call'] as const;
type Moment = (typeof MOMENTS)[number];

interface Subject {
  subject: string;
  traceId: string;
  moment: Moment;
  /** The turn at which its worker process is killed. */
  turn: number;
}

describe('a react step of 10 turns whose worker process is killed with -9', function () {
  this.timeout(400_000);
  let stages: Stages;
  let cluster: Cluster;
  let worker: RunningProcess;
  before(async () => {
    stages = await startStages();
    const url = await createDatabase('agents_killed');
    cluster = await createCluster({ temporal: (await sharedTemporal()).address, url });
    await cluster.startApi();
    await deployFixtures(cluster);
    worker = await startWorker();
  });
  after(async () => {
    await cluster.stop();
    await stages.close();
  });

  const startWorker = () => cluster.startWorker({ WARDEN_LOCAL_LLM_BASE_URL: stages.url });

  /** A saga that is held up at this turn. */
  async function begin(moment: Moment, turn: number): Promise<Subject> {
    const subject = `${moment}-${turn}`;
    stages.hold({ subject, turn });
    return { subject, moment, turn, traceId: await started(cluster, 'agents-ten', { subject }) };
  }

  const isHeld = (subject: Subject) => stages.isHeld(subject);
  const calls = ({ traceId, turn }: Subject) =>
    cluster.record().filter(({ event, key }) => {
      return event === 'call' && key?.startsWith(traceId) && key.endsWith(`:call_${turn}_1`);
    }).length;

  /** Answers the turns whose calls are to be under way, and waits until they are. */
  async function callsUnderWay(subjects: readonly Subject[]): Promise<void> {
    cluster.rehearse({ [SLOW_TOOL]: { delay_after_ms: 10_000 } });
    for (const subject of subjects) stages.answer(subject);
    await until('the calls', () => subjects.every((subject) => calls(subject) === 1));
  }

  /** The worker process dies, and what it had asked for is answered to nobody. */
  async function kill(subjects: readonly Subject[]): Promise<void> {
    assert.equal((await worker.kill()).signal, 'SIGKILL');
    for (const subject of subjects) stages.cut(subject);
    cluster.rehearse(null);
  }

  /** The step is done, all turns are in its usage, and no turn's work is missing. */
  async function completed({ subject, traceId }: Subject): Promise<Counts> {
    assert.equal((await ended(cluster, traceId)).status, 'COMPLETED');
    const [step] = await steps(cluster, traceId);
    const usage = step?.usage?.['worker'];
    assert.equal(isJsonObject(usage) ? usage['llm_calls'] : null, TURNS);
    const counts = countsOf(stages, cluster, { subject, traceId });
    for (let turn = 1; turn < TURNS; turn += 1) {
      const note = readFileSync(join(cluster.notes.folder, `${subject}-${turn}.md`), 'utf8');
      assert.ok(note.startsWith(`turn ${turn} of ${subject}\n`));
    }
    return counts;
  }

  it('at any of its turns is completed, and only what was in flight is asked or called again', async () => {
    const places = MOMENTS.flatMap((moment) =>
      Array.from({ length: moment === 'call' ? TURNS - 1 : TURNS }, (_, index) => begin(moment, index + 1)),
    );
    const all = await Promise.all(places);
    await until('every saga at its turn', () => all.every(isHeld));
    await callsUnderWay(all.filter(({ moment }) => moment === 'call'));
    // One after the other, so that the process dies at another place of what follows a turn in each of them.
    for (const subject of all.filter(({ moment }) => moment === 'answered')) {
      stages.answer(subject);
      await delay(3);
    }
    await kill(all);
    worker = await startWorker();

    for (const subject of all) {
      const counts = await completed(subject);
      const again = (count: number, index: number): number => (index + 1 === subject.turn ? count : 1);
      const said = JSON.stringify({ ...subject, ...counts });
      if (subject.moment === 'answered') assert.ok(repeats(counts) <= 1, said);
      else {
        const { asked, called } = { asked: subject.moment === 'asked', called: subject.moment === 'call' };
        assert.deepEqual(
          counts.asked,
          once(TURNS).map((one, index) => again(asked ? 2 : one, index)),
          said,
        );
        assert.deepEqual(
          counts.called,
          once(TURNS - 1).map((one, index) => again(called ? 2 : one, index)),
          said,
        );
      }
      // A tool that acts once for a key does so, whoever calls it again.
      if (subject.moment !== 'call') assert.deepEqual(counts.effects, once(TURNS - 1), said);
    }
  });

  it(`at ${KILLS} of its turns, one after the other, is completed, with no more than one thing again for each time`, async () => {
    const subject = 'call-each';
    const turns = Array.from({ length: KILLS }, (_, index) => TURNS - index).toReversed();
    for (const turn of turns) stages.hold({ subject, turn });
    const traceId = await started(cluster, 'agents-ten', { subject });
    for (const turn of turns) {
      const moment = turn === TURNS ? 'asked' : (MOMENTS[turn % MOMENTS.length] ?? 'asked');
      const at: Subject = { subject, traceId, turn, moment };
      await until(`turn ${turn}`, () => isHeld(at));
      if (moment === 'call') await callsUnderWay([at]);
      if (moment === 'answered') stages.answer(at);
      await kill([at]);
      worker = await startWorker();
    }
    const counts = await completed({ subject, traceId, turn: TURNS, moment: 'asked' });
    const said = JSON.stringify(counts);
    assert.ok(repeats(counts) <= TURNS, said);
    for (const [index, asked] of counts.asked.entries())
      assert.ok(asked + (counts.called[index] ?? 1) <= 3, said);
  });
});

function once(length: number): number[] {
  return Array.from({ length }, () => 1);
}
