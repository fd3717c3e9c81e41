import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { isJsonObject } from '../../domain/json.ts';
import { ended, started, steps } from '../support/sagas.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { EVERYTHING_ENV, everythingManifests, placeEverything, TRANSPORTS } from './agents-everything.ts';

/** What the tools and resources of agents-everything.yaml answer, in its order. */
const SAID = [
  /^\{"text":"Echo: about all"\}$/,
  /^\{"text":"The sum of 2 and 40 is 42\."\}$/,
  /"temperature":36/,
  /^\{"text":"Error: Operation failed"\}$/,
  /the image you requested/,
  /^\{"text":"Here are 2 resource links/,
  /Invalid resourceId: 0/,
  /the arguments of get-sum were refused: a must be number/,
  /Started simulated, random-leveled logging/,
  /Long running operation completed.*Steps: 4/,
  /"Resource 7: This is a plaintext resource/,
  /^\{"text":"\[text\/plain demo:\/\/resource\/dynamic\/blob\/1, \d+ bytes\]"\}$/,
  /# Everything Server - Features/,
  /cannot be read: .*Unknown resource/,
];

for (const transport of TRANSPORTS) {
  describe(`a saga with the server "everything" over ${transport}`, () => {
    let stack: Stack;
    let place: Awaited<ReturnType<typeof placeEverything>>;
    before(async () => {
      stack = await startStack({ env: EVERYTHING_ENV });
      place = await placeEverything(transport);
      const { worker, saga } = everythingManifests(place.source);
      await stack.http.deploy(worker);
      await stack.http.deploy(saga);
    });
    after(async () => {
      await stack.stop();
      await place.stop();
    });

    /** Runs a saga to its end and answers the outputs of its steps. */
    async function outputs(number: number) {
      const traceId = await started(stack, `everything-${transport}`, { subject: 'all', number });
      const { status, failure } = await ended(stack, traceId);
      assert.equal(status, 'COMPLETED', JSON.stringify(failure));
      const shown = (await steps(stack, traceId)).map(({ step_span_id }) =>
        stack.http.showStep(traceId, step_span_id),
      );
      return (await Promise.all(shown)).map(({ output_payload }) => output_payload);
    }

    it('reasons with its tools and resources, whatever kind of block they answer, and commits with them', async () => {
      const [explored, echoed, added] = await outputs(7);
      const said = isJsonObject(explored?.['data']) ? explored['data']['said'] : null;
      assert.ok(Array.isArray(said));
      assert.equal(said.length, SAID.length);
      for (const [index, expected] of SAID.entries()) assert.match(JSON.stringify(said[index]), expected);
      assert.deepEqual(explored?.['facts'], { weather: { celsius: 36 } });
      assert.deepEqual(echoed, { data: { text: 'Echo: Echo: about all' } });
      assert.deepEqual(added, { data: { text: 'The sum of 36 and 6 is 42.' } });
    });

    it('goes on with a server that was ended and started again', async () => {
      if (transport === 'stdio') await stack.stopWorker();
      await place.restart();
      await stack.startWorker();
      const [, echoed] = await outputs(8);
      assert.deepEqual(echoed, { data: { text: 'Echo: Echo: about all' } });
    });
  });
}
