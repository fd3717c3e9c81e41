/** Histories as they are kept: without a word about the machine, the process and the paths that they came from. */

const NAMELESS = 'recorded';

/** The JSON of a history without identities, names of task queues, stack traces and build ids. */
export function scrubbed(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => scrubbed(each));
  if (typeof value === 'string') return isOfTheMachine(key) ? NAMELESS : value;
  if (typeof value !== 'object' || value === null) return value;
  if (key === 'taskQueue' || key === 'stickyAttributes')
    return { name: NAMELESS, kind: 'TASK_QUEUE_KIND_NORMAL' };
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, scrubbed(each, name)]));
}

function isOfTheMachine(key: string): boolean {
  return ['identity', 'stackTrace', 'buildId', 'binaryChecksum'].includes(key);
}

/** What would tell of a machine: an absolute path, or a process as Temporal's SDK names it. */
export const OF_A_MACHINE =
  /(?:^|[\s"'(:])(?:file:\/\/)?\/(?:home|root|Users|tmp|var|work|usr|opt)\/|\d+@[\w.-]+/m;
