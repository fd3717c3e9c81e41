/**
 * Where the turns of a ten-turn step are held up until a test says go on: the other end of the model's line. Every
 * turn but the last calls a tool, so a worker process can be killed before a turn, after it, and inside its call.
 */
import type { Said } from '../agent/protocols.ts';
import { startChatProvider, type Asked } from '../support/chat-provider.ts';
import type { Cluster } from '../support/cluster.ts';

export const TURNS = 10;

/** Calls of these end when the test lets them; those of the other tool are made at once. */
export const SLOW_TOOL = 'append_note';

export type Stages = Awaited<ReturnType<typeof startStages>>;

/** A provider for `agents-ten`; a subject that begins with `call` uses the slow tool. */
export async function startStages() {
  const held = new Map<string, Deferred>();
  const arrived = new Set<string>();
  const nameOf = ({ subject, turn }: Asked): string => `${subject}#${turn}`;

  const provider = await startChatProvider(async (asked) => {
    const name = nameOf(asked);
    const stop = held.get(name);
    if (stop === undefined) return say(asked);
    held.delete(name);
    stopped.set(name, stop);
    arrived.add(name);
    return (await stop.promise) === 'answered' ? say(asked) : null;
  });
  const stopped = new Map<string, Deferred>();

  const end = (asked: Asked, how: Ending): void => stopped.get(nameOf(asked))?.resolve(how);
  return {
    url: provider.url,
    asked: provider.asked,
    /** The next request for this turn waits for `answer` or `cut`. */
    hold: (asked: Asked) => void held.set(nameOf(asked), defer()),
    isHeld: (asked: Asked) => arrived.has(nameOf(asked)),
    answer: (asked: Asked) => end(asked, 'answered'),
    cut: (asked: Asked) => end(asked, 'cut'),
    close: async () => {
      for (const stop of [...held.values(), ...stopped.values()]) stop.resolve('cut');
      await provider.close();
    },
  };
}

function say({ subject, turn }: Asked): Said {
  if (turn >= TURNS) return { calls: [{ tool: '_submit', arguments: `{"summary":"all of ${subject}"}` }] };
  const tool = subject.startsWith('call') ? SLOW_TOOL : 'put_note';
  const args = { path: `${subject}-${turn}.md`, content: `turn ${turn} of ${subject}\n` };
  return { calls: [{ tool, arguments: JSON.stringify(args) }] };
}

type Ending = 'answered' | 'cut';
type Deferred = ReturnType<typeof defer>;

function defer() {
  let resolve = (_how: Ending): void => undefined;
  const promise = new Promise<Ending>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** How often each turn was asked for, and how often its tool was called, by the records of those who were asked. */
export interface Counts {
  asked: number[];
  called: number[];
  effects: number[];
}

/** Of a step of `agents-ten`; the first number is of turn 1. */
export function countsOf(
  { asked }: Stages,
  cluster: Cluster,
  { subject, traceId }: { subject: string; traceId: string },
): Counts {
  const record = cluster.record().filter(({ key }) => key?.startsWith(`${traceId}:`));
  const count = (event: string, turn: number): number =>
    record.filter((line) => line.event === event && line.key?.endsWith(`:call_${turn}_1`)).length;
  const turns = Array.from({ length: TURNS }, (_, index) => index + 1);
  return {
    asked: turns.map((turn) => asked.filter((one) => one.subject === subject && one.turn === turn).length),
    called: turns.slice(0, -1).map((turn) => count('call', turn)),
    effects: turns.slice(0, -1).map((turn) => count('effect', turn)),
  };
}

/** Requests and calls beyond one for each turn. */
export function repeats({ asked, called }: Counts): number {
  return [...asked, ...called].reduce((sum, count) => sum + count - 1, 0);
}
