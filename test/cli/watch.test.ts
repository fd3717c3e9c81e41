import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ApiError, ApiUnreachable } from '../../api/client.ts';
import { createScreen } from '../../cli/screen.ts';
import { UNFILTERED_LIMIT_MS, watch, type View } from '../../cli/watch.ts';
import { screenOf } from './pseudo-terminal.ts';

const plain = { bold: (text: string) => text, dim: (text: string) => text };

/** A window whose time passes only while the watch sleeps. */
function scene(rows = 24, columns = 80) {
  let output = '';
  let time = 0;
  const write = (text: string | Uint8Array) => {
    output += String(text);
    return true;
  };
  return {
    screen: createScreen({ write, rows, columns }, plain),
    shown: () => screenOf(output),
    clock: { now: () => time, sleep: async (ms: number) => void (time += ms) },
    minutes: () => time / 60_000,
  };
}

const view = (status: string, ended: boolean): View => ({
  ...{ columns: ['id', 'status'], rows: [['a', status]] },
  ...{ ended, note: 'still' },
});

const away = () => new ApiUnreachable('no answer from http://127.0.0.1:8000: connect ECONNREFUSED');
const refused = () => new ApiError({ title: 'Not Found', status: 404, detail: 'no saga', problems: [] });

describe('watching', () => {
  it('unfiltered it gives up after 10 minutes, and says what to do', async () => {
    const { screen, clock, shown, minutes } = scene();
    const look = async () => view('RUNNING', false);
    await assert.rejects(watch(screen, { intervalMs: 500, limitMs: UNFILTERED_LIMIT_MS, look }, clock), {
      exitCode: 1,
      message: /^watched for 10 minutes/,
      hint: /--trace-id/,
    });
    assert.equal(minutes(), 10);
    assert.deepEqual(shown(), ['id  status', 'a   RUNNING', 'still (Ctrl-C ends the watch)', '']);
  });

  it('waits a minute for a server that went away, showing what it saw last, and goes on when it is back', async () => {
    const { screen, clock, shown } = scene();
    const answers: (View | Error)[] = [view('RUNNING', false), away(), away(), view('COMPLETED', true)];
    const seen: string[] = [];
    const look = async () => {
      seen.push(shown().slice(1, 3).join('|'));
      const next = answers.shift();
      if (next === undefined || next instanceof Error) throw next ?? new Error('asked too often');
      return next;
    };
    await watch(screen, { intervalMs: 500, limitMs: null, look }, clock);
    assert.match(seen[2] ?? '', /^a {3}RUNNING\|no answer from .*; trying again/);
    assert.deepEqual(shown(), ['id  status', 'a   COMPLETED', '']);
    const late = scene();
    let first = true;
    const gone = async () => {
      if (!first) throw away();
      first = false;
      return view('RUNNING', false);
    };
    await assert.rejects(
      watch(late.screen, { intervalMs: 500, limitMs: null, look: gone }, late.clock),
      ApiUnreachable,
    );
    assert.equal(late.minutes(), 1);
  });

  it('a server that is away from the start, or that refuses, is an error at once', async () => {
    for (const error of [away(), refused()]) {
      const { screen, clock, minutes } = scene();
      const look = async () => {
        throw error;
      };
      await assert.rejects(watch(screen, { intervalMs: 500, limitMs: null, look }, clock), error);
      assert.equal(minutes(), 0);
    }
  });

  it('nothing to show is nothing that has not ended', async () => {
    const { screen, clock, shown } = scene();
    const look = async () => ({ ...view('', true), rows: [] });
    await watch(screen, { intervalMs: 500, limitMs: null, look }, clock);
    assert.deepEqual(shown(), ['(no rows)', '']);
  });
});
