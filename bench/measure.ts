/** Decisions made one at a time, each watched until its effect is seen at the outside sink. */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuBetween, cpuMs } from './cpu.ts';
import type { Http } from './http.ts';
import type { Hold, Side } from './side.ts';
import type { Sink } from './sink.ts';

export interface Sample {
  id: string;
  /** Milliseconds since the epoch, by this process's clock. */
  sentAt: number;
  /** Milliseconds from sending to the 202, and to the effect seen. */
  acceptedMs: number;
  seenMs: number;
  /** By the tool server's clock, whole milliseconds since the epoch. */
  calledAt: number;
  effectAt: number;
}

export interface Measured {
  side: Side;
  sink: Sink;
  /** Processes whose processor time belongs to this side's decisions. */
  processes(): Record<string, number>;
}

export interface Block {
  samples: Sample[];
  /** Processor time of all its decisions, by process. */
  cpu: Record<string, number>;
}

/** After an effect its saga still ends: that must not run into the next decision. */
const REST_MS = 60;
const SETTLE_MS = 500;
/** After a restart: the tool server is started and code is compiled by these, which are not counted. */
const WARM_UP = 10;

/** Opens holds and decides them. `cold`: the worker is restarted in between, so that no workflow is cached. */
export async function decideAll(
  http: Http,
  { side, sink, processes }: Measured,
  { holds, cold }: { holds: number; cold: boolean },
): Promise<Block> {
  const open = await side.open(holds);
  if (cold) {
    await side.restartWorker();
    await decideEach(http, sink, await side.open(WARM_UP));
  }
  await delay(SETTLE_MS);
  const before = cpuMs(processes());
  const samples = await decideEach(http, sink, open);
  const cpu = cpuBetween(before, cpuMs(processes()));
  await expectDone(side, open);
  return { samples, cpu };
}

async function decideEach(http: Http, sink: Sink, holds: readonly Hold[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [index, hold] of holds.entries()) {
    samples.push(await decide(http, sink, hold));
    // Uneven, so that decisions do not keep step with what happens once a second.
    await delay(REST_MS + ((index * 7) % 20));
  }
  return samples;
}

async function decide(http: Http, sink: Sink, hold: Hold): Promise<Sample> {
  const { url, body } = hold.approve;
  const effect = sink.effect(hold.path);
  const sent = performance.now();
  const accepted = http.send('POST', url, body, 202).then(() => performance.now());
  const [acceptedAt, { seen, calledAt, effectAt }] = await Promise.all([accepted, effect]);
  return {
    id: hold.id,
    sentAt: performance.timeOrigin + sent,
    acceptedMs: acceptedAt - sent,
    seenMs: seen - sent,
    calledAt,
    effectAt,
  };
}

async function expectDone(side: Side, holds: readonly Hold[]): Promise<void> {
  await delay(SETTLE_MS);
  for (const hold of holds) {
    if (!(await side.isDone(hold))) throw new Error(`saga ${hold.id} was approved and did not complete`);
  }
}
