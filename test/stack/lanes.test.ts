import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { inLanes } from '../../scripts/dev-lanes.mjs';

describe('lanes of the test run', () => {
  it('print the output of work done side by side as if it had been done one after the other', async () => {
    let printed = '';
    let running = 0;
    let most = 0;
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const perform = async (work: { name: string; turns: number }, write: (text: string) => void) => {
      running += 1;
      most = Math.max(most, running);
      for (let n = 1; n <= work.turns; n++) {
        write(`${work.name}${n} `);
        await turn();
      }
      running -= 1;
      return work.name;
    };
    const works = [
      { name: 'a', turns: 9 },
      { name: 'b', turns: 2 },
      { name: 'c', turns: 3 },
      { name: 'd', turns: 1 },
    ];
    const out = (text: string) => (printed += text);
    const results = await inLanes(works, { lanes: 2, perform, stopped: () => false, out });
    assert.deepEqual(results, ['a', 'b', 'c', 'd']);
    assert.equal(printed, 'a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 c1 c2 c3 d1 ');
    assert.equal(most, 2);
  });

  it('begin nothing more once they are stopped', async () => {
    let begun = 0;
    const perform = () => Promise.resolve(++begun);
    await inLanes([1, 2, 3, 4], { lanes: 1, perform, stopped: () => begun === 2, out: () => undefined });
    assert.equal(begun, 2);
  });
});
