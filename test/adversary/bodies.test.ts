import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { begun } from '../replay/endings.ts';
import { deployFixtures, ended, review, saga } from '../support/sagas.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { decisionsOf, entriesOf, refusalsOf } from '../workflows/ledger.ts';
import { POISON_BODIES, type PoisonBody } from './poison-bodies.ts';
import { POISON_MANIFESTS } from './poison-manifests.ts';

/** Right, for all that is odd about them: taken, and everything odd in them is data or nothing. */
const ODD_APPROVALS = [
  '{"decision":"REJECT","decision":"APPROVE"}',
  '{"decision":"APPROVE","__proto__":{"decision":"REJECT"},"constructor":1,"toString":null}',
  '\r\n\t {"decision":"\\u0041PPROVE","output":{},"arguments":null,"iteration":1.0}',
  '{"decision":"APPROVE","comment":"<script>alert(1)</script>\\u202e \\ud83d\\ude00"}',
];

describe('poison bodies', () => {
  let stack: Stack;
  let definitions: unknown;
  before(async () => {
    stack = await startStack();
    await deployFixtures(stack);
    definitions = await stack.http.listDefinitions('saga', { limit: 100 });
  });
  after(() => stack.stop());

  async function post(traceId: string, span: string, poison: PoisonBody) {
    const path = poison.path
      .replace('{step}', `/v1/sagas/${traceId}/steps/${span}`)
      .replace('{saga}', `/v1/sagas/${traceId}`);
    const headers = {
      ...(poison.type === undefined ? {} : { 'content-type': poison.type }),
      ...poison.headers,
    };
    const answer = await fetch(`${stack.url}${path}`, {
      method: 'POST',
      body: Buffer.from(poison.body),
      headers,
    });
    return {
      status: answer.status,
      type: answer.headers.get('content-type') ?? '',
      text: await answer.text(),
    };
  }

  async function assertRefused(traceId: string, span: string, poison: PoisonBody): Promise<string | null> {
    const { status, type, text } = await post(traceId, span, poison);
    const expected = [poison.status].flat();
    const shown = `${poison.path} ${String(poison.body).slice(0, 120)}: ${status} ${text.slice(0, 300)}`;
    if (!expected.includes(status)) return shown;
    assert.match(type, /^application\/problem\+json/, shown);
    const { problems, detail } = JSON.parse(text);
    assert.ok(Array.isArray(problems) && detail.length > 0, shown);
    assert.doesNotMatch(text, /\bat .*\.[jt]s:\d+|node_modules/, shown);
    return null;
  }

  it('are each refused with a problem, and the review on hold is what it was', async () => {
    const traceId = await begun(stack, 'w3');
    const held = await review(stack, traceId);
    const wrong: string[] = [];
    for (const poison of [...POISON_BODIES, ...POISON_MANIFESTS]) {
      wrong.push(...[await assertRefused(traceId, held.step_span_id, poison)].flatMap((each) => each ?? []));
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(await review(stack, traceId), held);
    assert.deepEqual(await stack.http.listDefinitions('saga', { limit: 100 }), definitions);
    assert.deepEqual(
      (await stack.http.listSagas()).items.map((each) => each.trace_id),
      [traceId],
    );
    await stack.http.approve(traceId, held.step_span_id);
    assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    assert.equal((await decisionsOf(stack, traceId)).length, 1);
    const about = POISON_BODIES.filter(({ status }) => status === 409).length;
    assert.equal(
      (await refusalsOf(stack, traceId)).length,
      about,
      'every decision that was judged is recorded',
    );
  });

  it('that are odd and right decide as they say, and nothing odd in them reaches anything', async () => {
    for (const body of ODD_APPROVALS) {
      const traceId = await begun(stack, 'w3');
      const { step_span_id } = await review(stack, traceId);
      const poison = { path: '{step}/decision', body, type: 'application/json', status: 202 };
      const { status, text } = await post(traceId, step_span_id, poison);
      assert.equal(status, 202, text);
      assert.equal((await ended(stack, traceId)).status, 'COMPLETED');
    }
    assert.equal(Reflect.get({}, 'decision'), undefined);
  });

  it('of starts reach a saga as the data that they are', async () => {
    const text =
      '{"name":"other","name":"w3","version":"1","input":{"__proto__":{"x":1},"constructor":2,' +
      '"subject":"{{ 7 * 7 }} <b>\\u202e","write":"a.md","write":"odd.md"}}';
    const { status, text: answer } = await post('', '', {
      path: '/v1/sagas/start',
      body: text,
      type: 'application/json',
      status: 202,
    });
    assert.equal(status, 202, answer);
    const { trace_id } = JSON.parse(answer);
    const { step_span_id } = await review(stack, trace_id);
    await stack.http.approve(trace_id, step_span_id);
    assert.equal((await ended(stack, trace_id)).status, 'COMPLETED');
    const [start] = await entriesOf(stack, trace_id);
    assert.ok(start);
    assert.equal(Reflect.get({}, 'x'), undefined);
    const effect = stack.record().find((line) => line.event === 'effect' && line.key?.startsWith(trace_id));
    assert.equal(effect?.path, 'odd.md');
  });

  it('leave nothing stuck', async () => {
    assert.deepEqual((await stack.http.listSagas({ stuck: true })).items, []);
    assert.deepEqual((await stack.http.listSagas({ in_flight: true })).items, []);
    const [any] = (await stack.http.listSagas()).items;
    assert.ok(any);
    assert.equal((await saga(stack, any.trace_id)).stuck, null);
  });
});
