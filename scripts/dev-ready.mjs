/** Waiting until Warden says that it is ready: its own words, because any program may answer at a port. */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @param {string} url
 * @param {{ seconds: number, look: () => void }} options `look` is called before each try and throws to give up
 * @returns {Promise<string | null>} null when it is ready, else what was answered last
 */
export async function untilReady(url, { seconds, look }) {
  const until = Date.now() + seconds * 1000;
  let last = 'nothing yet';
  while (Date.now() < until) {
    look();
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: 'manual' });
      const text = await response.text();
      if (response.status === 200 && isReady(text)) return null;
      const who =
        response.status === 200 ? ', which is not Warden’s answer: another program is at this port' : '';
      last = `${response.status} ${text.slice(0, 1000)}${who}`;
    } catch (error) {
      last = error.cause?.message ?? error.message;
    }
    await delay(100);
  }
  return last;
}

/** The answer of `GET /v1/ready`. */
function isReady(text) {
  try {
    const { ready, temporal, store, workers } = JSON.parse(text);
    return ready === true && temporal.reachable === true && store.reachable === true && workers.count > 0;
  } catch {
    return false;
  }
}
