/** Telling a store that is away, or too busy right now, from a fault of ours: the former is worth asking again. */

/** SQLSTATE classes: connection, resources, operator intervention; and lock or serialization trouble. */
const AWAY_CLASSES = /^(08|53|57P|58)|^(40001|40P01|55P03|25P03)$/;

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** What the drivers throw without a code when a connection breaks or is closed. */
const WITHOUT_CODE = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error',
  'Cannot use a pool after calling end',
  'PGlite is closed',
  'driver has already been destroyed',
];

/** Whether an error of a query says that the store could not be asked, so that nothing is wrong with the question. */
export function isStoreAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isStoreAway)) return true;
  if ('code' in error && typeof error.code === 'string') {
    return AWAY_CLASSES.test(error.code) || NETWORK.has(error.code);
  }
  return WITHOUT_CODE.some((text) => error.message.includes(text));
}
