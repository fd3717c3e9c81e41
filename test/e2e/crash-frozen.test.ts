import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { createCluster, type Cluster, type Rehearsed } from '../support/cluster.ts';
import { createDatabase } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { deployFixtures } from '../support/sagas.ts';
import { until } from '../support/stack.ts';
import { sharedTemporal } from '../support/temporal.ts';
import {
  allEnded,
  assertFate,
  assertLedger,
  assertOncePerKey,
  startSubjects,
  type Fate,
  type Subject,
} from './crash-sagas.ts';

/** By now the frozen process has got the answers of its calls, and reads them when it is thawed. */
const ANSWER_MS = 1_500;
/** Long enough to be in the middle of the second calls when it is thawed. */
const SLOW_MS = 8_000;
/**
 * More sagas of each kind than the frozen process has polls open: those that Temporal gives to it, as the attempts
 * of the first heartbeat's end, begin when it is thawed.
 */
const OF_EACH = 6;

const FATES: Record<string, Fate> = {
  'crash-put': 'completed',
  'crash-write': 'crashed',
  'crash-thinking': 'completed',
};

describe('a worker process that is frozen past its heartbeat and thawed later', function () {
  this.timeout(300_000);
  let url: string;
  let cluster: Cluster;
  before(async () => {
    url = await createDatabase('crash_frozen');
    cluster = await createCluster({ temporal: (await sharedTemporal()).address, url });
    await cluster.startApi();
    await deployFixtures(cluster);
  });
  after(() => cluster.stop());

  it('writes nothing and undoes nothing when its sagas have ended', async () => {
    const { frozen, subjects } = await caught();
    cluster.rehearse(null);
    const other = await cluster.startWorker();
    await allEnded(cluster, subjects);
    const before = await everything(url, subjects);
    frozen.thaw();
    await isAloneAndEnds(frozen, other);
    assert.deepEqual(await everything(url, subjects), before);
    await endedOnce(subjects);
  });

  it('takes nothing from the process that has taken over and is in the middle of a call', async () => {
    const { frozen, subjects } = await caught();
    const slow = { delay_before_ms: SLOW_MS };
    cluster.rehearse({ put_note: slow, list_notes: slow, restore_note: slow });
    const other = await cluster.startWorker();
    await called(subjects, 2);
    frozen.thaw();
    await allEnded(cluster, subjects);
    await isAloneAndEnds(frozen, other);
    await endedOnce(subjects);
    // A call by each of the two processes, and the undo's or the second step's.
    for (const each of subjects) {
      const times = callsOf(each).filter(({ tool }) => tool === 'list_notes' || tool === 'write_note');
      assert.ok(times.length <= 2, `${each.note} was called ${times.length} times`);
    }
  });

  /** Sagas in the middle of a tool call, of each kind of tool and of a reason step, when the process freezes. */
  async function caught(): Promise<{ frozen: RunningProcess; subjects: Subject[] }> {
    const frozen = await cluster.startWorker();
    const slow: Rehearsed[string] = { delay_after_ms: ANSWER_MS };
    cluster.rehearse({ put_note: slow, write_note: slow, list_notes: slow });
    const started = Object.keys(FATES).map((name) => startSubjects(cluster, name, OF_EACH));
    const subjects = (await Promise.all(started)).flat();
    await called(subjects, 1);
    frozen.freeze();
    return { frozen, subjects };
  }

  async function called(subjects: Subject[], times: number): Promise<void> {
    const look = () => subjects.every((each) => callsOf(each).length >= times);
    await until(`${times} calls of each saga`, look, 90_000);
  }

  function callsOf({ traceId }: Subject) {
    return cluster.record().filter(({ event, key }) => event === 'call' && key?.startsWith(traceId));
  }

  /** It goes on, and is the only one: it runs another saga and ends in good order, so nothing is left in it. */
  async function isAloneAndEnds(frozen: RunningProcess, other: RunningProcess): Promise<void> {
    await other.stop();
    cluster.rehearse(null);
    await allEnded(cluster, await startSubjects(cluster, 'crash-put', 1));
    assert.equal((await frozen.stop()).code, 0, frozen.output());
  }

  async function endedOnce(subjects: Subject[]): Promise<void> {
    for (const [name, fate] of Object.entries(FATES)) {
      for (const each of subjects.filter(({ note }) => note.startsWith(name))) {
        await assertFate(cluster, each, fate);
      }
    }
    assertOncePerKey(cluster);
    await assertLedger(cluster, subjects);
  }
});

/**
 * All that the store has of these sagas; in the ledger without refusals, which are written to be seen: that a
 * result came after the saga had been undone.
 */
async function everything(url: string, subjects: Subject[]): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = [];
    for (const table of ['sagas', 'steps', 'executions', 'turns', 'reviews', 'requests', 'ledger_entries']) {
      const { rows } = await client.query(
        `select to_jsonb(t) - '{chain_n,chain_hash}'::text[] as row from ${table} as t
         where trace_id = any($1) and to_jsonb(t) ->> 'type' is distinct from 'refusal' order by 1`,
        [subjects.map(({ traceId }) => traceId)],
      );
      found.push(rows);
    }
    return found;
  } finally {
    await client.end();
  }
}
