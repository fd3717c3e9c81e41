import { after, before, describe, it } from 'mocha';
import { loadEnvironment } from '../../settings.ts';
import { cancelCases } from './race-cancel-cases.ts';
import { raceCancel, raceCancelWithEnd } from './race-cancel.ts';
import { raceDeadline } from './race-deadline.ts';
import { raceDecisions } from './race-decisions.ts';
import { repeats } from './race-repeats.ts';
import { raceStacks, type RaceStack } from './race-stack.ts';
import { twoReviews } from './race-two-reviews.ts';
import { createWatch, type Watch } from './race-watch.ts';

/** How many sagas of each race; 500 take ten minutes. */
const PAIRS = Number(loadEnvironment()['WARDEN_TEST_PAIRS'] ?? 50);
const HALF = Math.ceil(PAIRS / 2);

for (const [name, start] of Object.entries(raceStacks)) {
  describe(`two at the same moment, on ${name}`, function () {
    this.timeout(180_000 + PAIRS * 4_000);
    // One process has one event loop: what it can show of these two it shows sooner.
    const races = start === raceStacks['PGlite, one process'] ? HALF : PAIRS;
    let stack: RaceStack;
    let watch: Watch;
    before(async () => {
      stack = await start();
      watch = createWatch(stack.http);
    });
    after(() => stack.stop());

    it(`of two opposite decisions one is 202 and happens, the other is 409 and names it (${PAIRS} pairs)`, async () => {
      say(await raceDecisions(stack, watch, PAIRS));
    });

    it(`of an approval at the deadline and the expiry, what was answered happens (${races} races)`, async () => {
      say(await raceDeadline(stack, watch, races));
    });

    it(`an approval and a cancel: what was accepted takes effect, and a cancel then undoes it (${races} races)`, async () => {
      say(await raceCancel(stack, watch, races));
    });

    it(`a cancel at any moment undoes all that was done, or comes after the end (${HALF} sagas)`, async () => {
      say(await raceCancelWithEnd(stack, watch, HALF));
    });

    const at = () => ({ stack, watch });
    cancelCases(at);
    repeats(at);
    twoReviews(at);
  });
}

/** How the races went: which of two wins is chance, so no test asks for it. */
function say(won: Readonly<Record<string, number>>): void {
  const parts = Object.entries(won).map(([what, count]) => `${what}: ${count}`);
  console.log(`      ${parts.join(', ')}`);
}
