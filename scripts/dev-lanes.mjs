/**
 * Runs pieces of work side by side and prints their output as if they had run one after the other: of those that
 * run the first prints live, the others are kept until it is their turn.
 */

/**
 * @template Work, Result
 * @param {readonly Work[]} all
 * @param {{ lanes: number, perform: (work: Work, write: (text: string) => void) => Promise<Result>, stopped: () => boolean, out?: (text: string) => void }} how
 *   `stopped`: nothing more is begun
 * @returns {Promise<Result[]>} of those that were begun, in their order
 */
export async function inLanes(all, { lanes, perform, stopped, out = (text) => process.stdout.write(text) }) {
  const printed = createOrder(out);
  const results = [];
  let next = 0;
  async function lane() {
    while (next < all.length && !stopped()) {
      const at = next++;
      results[at] = await perform(all[at], (text) => printed.write(at, text));
      printed.end(at);
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** @param {(text: string) => void} out */
function createOrder(out) {
  const kept = new Map();
  const over = new Set();
  let front = 0;

  function flush() {
    out(kept.get(front) ?? '');
    kept.delete(front);
  }

  return {
    /** @param {number} at @param {string} text */
    write(at, text) {
      if (at === front) out(text);
      else kept.set(at, (kept.get(at) ?? '') + text);
    },
    /** @param {number} at */
    end(at) {
      over.add(at);
      while (over.has(front)) {
        front += 1;
        flush();
      }
    },
  };
}
