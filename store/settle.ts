/**
 * Settling a review: the saga's own transaction that acts on a request, a typed signal, the deadline or a cancel.
 * Settled once, a review answers every later settle the same; `act` settles in the same way when it takes a held
 * commit.
 */
import type { SettleAnswer, SettleCause, SettleInput } from '../domain/answers.ts';
import { judgeDecision, winner, type Verb } from '../domain/decision.ts';
import { storable, storableText, type JsonObject } from '../domain/json.ts';
import { isForward, isInFlight } from '../domain/status.ts';
import type { Actor } from '../ledger/entry.ts';
import { hasCancel, writeCancel } from './cancel.ts';
import { endedAnswer, judge, type Court } from './judge.ts';
import { actOn } from './effect.ts';
import { isRecoveryId, settleRecovery } from './recover-settle.ts';
import { consumeRequest, consumeRequestsOf, findRequest } from './requests.ts';
import {
  closeByDeadline,
  closeWithVerdict,
  findReview,
  judged,
  keepSettled,
  type Review,
} from './reviews.ts';
import { signalsTrusted, type SignalTrust } from './trust.ts';
import type { Store } from './store.ts';

/** Judges one cause of a hold's end. Rejects with the store's error: nothing happened then, ask again. */
export async function settle(store: Store, trust: SignalTrust, input: SettleInput): Promise<SettleAnswer> {
  const answer = await judge(store, input.traceId, async (court): Promise<SettleAnswer> => {
    const { cause } = input;
    if (cause.kind === 'refused' || cause.kind === 'refusals') return recordRefusal(court, input);
    if (cause.kind === 'request' && isRecoveryId(cause.request))
      return settleAsked(court, input, cause.request);
    const review = await findReview(court, input.span, input.iteration);
    if (cause.kind === 'signal') return settleSignal(court, trust, review, input);
    if (cause.kind === 'cancel') await keepCancel(court);
    if (review?.settled) {
      // Sent again after a reset: the hold asks by itself whether its review is decided.
      await consumeRequestsOf(court, input.span, input.iteration);
      return review.settled;
    }
    if (!isInFlight(court.saga.status)) return endedAnswer(court.saga);
    switch (cause.kind) {
      case 'request':
        return settleRequest(court, input, review, cause.request);
      case 'deadline':
      case 'opened':
        return settleNow(court, review);
      case 'cancel':
        return settleCancel(court, review);
    }
  });
  if (answer === null) throw new Error(`expected saga ${input.traceId} in the store, found none`);
  return answer;
}

/** Acts on a review that has been decided, expires one that is due, and leaves an open one pending. */
export async function settleNow(court: Court, review: Review | null): Promise<SettleAnswer> {
  if (review === null) return { kind: 'refused' };
  if (review.settled) return review.settled;
  if (review.status !== 'pending') return actOn(court, review);
  if (isDue(court, review)) return actOn(court, await closeByDeadline(court, review));
  return pending(court, review);
}

function isDue(court: Court, review: Review): boolean {
  return review.expires_at !== null && court.now.getTime() >= review.expires_at.getTime();
}

function pending(court: Court, review: Review): SettleAnswer {
  if (review.expires_at === null) return { kind: 'pending' };
  return { kind: 'pending', expiresInMs: Math.max(0, review.expires_at.getTime() - court.now.getTime()) };
}

/** The request of a recovery, or an id that looks like one and was typed. */
async function settleAsked(court: Court, input: SettleInput, id: string): Promise<SettleAnswer> {
  const request = await findRequest(court, id);
  if (request === null) return refuseTyped(court, input, id);
  const settled = await settleRecovery(court, request, input);
  if (settled.kind === 'rerun') return settled;
  if (settled.why === null) return { kind: 'refused' };
  const once = { ...input, id, span: request.span_id ?? input.span, iteration: request.iteration ?? 1 };
  return refuse(court, once, request.actor, settled.why);
}

/** Whoever typed it may type it to other sagas as well: each has a refusal of its own. */
async function refuseTyped(court: Court, input: SettleInput, id: string): Promise<SettleAnswer> {
  if (input.cause.kind === 'request' && input.cause.quiet) return { kind: 'refused' };
  const once = { ...input, id: `${input.traceId}:${input.id}` };
  const why = `no request has the id ${storableText(id)}: it was typed, and decides nothing`;
  return refuse(court, once, typedBy(''), why);
}

async function settleRequest(
  court: Court,
  input: SettleInput,
  review: Review | null,
  id: string,
): Promise<SettleAnswer> {
  const request = await findRequest(court, id);
  const { span_id, iteration } = request ?? {};
  if (typeof span_id === 'string' && typeof iteration === 'number') {
    // A request of an earlier review, delivered again after a reset: it was acted on then. Any other id is left
    // alone, because whoever types a signal can name the cancel's.
    const asked = await findReview(court, span_id, iteration);
    if (asked?.settled) await consumeRequest(court, id);
  }
  const answer = await settleNow(court, review);
  if (request !== null || (answer.kind !== 'pending' && answer.kind !== 'refused')) return answer;
  return refuseTyped(court, input, id);
}

/** A cancel that Temporal brought is kept before anything is acted on, so that the last boundary finds it. */
async function keepCancel(court: Court): Promise<void> {
  if (!isForward(court.saga.status) || (await hasCancel(court))) return;
  await writeCancel(court, typedBy(''), null, true);
}

/** `review` as it was before the cancel: an open one is closed by now, a decided one stands. */
async function settleCancel(court: Court, review: Review | null): Promise<SettleAnswer> {
  if (review !== null && review.status !== 'pending' && review.status !== 'cancelled') {
    return actOn(court, review);
  }
  if (review !== null) await keepSettled(court, review, { kind: 'cancelled' });
  return { kind: 'cancelled' };
}

async function settleSignal(
  court: Court,
  trust: SignalTrust,
  review: Review | null,
  input: SettleInput,
): Promise<SettleAnswer> {
  if (input.cause.kind !== 'signal') throw new Error(`expected a signal, got ${input.cause.kind}`);
  const { name, body, identity } = input.cause;
  const actor = typedBy(identity);
  if (!signalsTrusted(trust)) {
    return refuse(
      court,
      input,
      actor,
      'signals typed in Temporal may not decide here; use the console or the API',
    );
  }
  if (review === null) return refuse(court, input, actor, 'no review is open');
  if (review.settled === null && !isInFlight(court.saga.status)) return endedAnswer(court.saga);
  const details = storable(body.error_details ?? {});
  const judgement = judgeDecision(
    judged(review),
    { verb: name, payload_hash: null, edit: null, error_details: details, retry_token: null },
    court.now,
  );
  switch (judgement.kind) {
    case 'accept':
      return actOn(
        court,
        await closeWithVerdict(court, review, {
          status: judgement.status,
          actor,
          comment: body.comment === undefined ? null : storableText(body.comment),
          verdict: verdictOf(name, details, body.guidance),
          source: 'signal',
        }),
      );
    case 'same':
      return actOn(court, review);
    case 'expire': {
      const closed = await closeByDeadline(court, review);
      await noteRefusal(court, input, actor, winner(judged(closed)));
      return actOn(court, closed);
    }
    case 'refuse':
      await noteRefusal(court, input, actor, judgement.message);
      return judgement.reason === 'decided' ? actOn(court, review) : { kind: 'refused' };
  }
}

/** Who typed a signal: the sender's identity is what he says of himself, so it is a label. */
function typedBy(identity: string): Actor {
  const label = storableText(identity.slice(0, 200));
  return { subject: 'temporal', kind: 'person', ...(label === '' ? {} : { label }) };
}

function verdictOf(verb: Verb, details: JsonObject, guidance: string | undefined) {
  if (verb === 'reject') return { error_details: details };
  if (verb === 'retry') return guidance === undefined ? {} : { guidance: storableText(guidance) };
  return null;
}

async function recordRefusal(court: Court, input: SettleInput): Promise<SettleAnswer> {
  if (input.cause.kind === 'refusals') await noteCount(court, input, input.cause);
  if (input.cause.kind === 'refused') {
    const { identity, name, reason } = input.cause;
    const actor = typedBy(identity);
    await noteRefusal(court, input, actor, `${name.slice(0, 100)}: ${reason}`);
  }
  return { kind: 'refused' };
}

async function refuse(court: Court, input: SettleInput, actor: Actor, why: string): Promise<SettleAnswer> {
  await noteRefusal(court, input, actor, why);
  return { kind: 'refused' };
}

/** Records how many more were refused than by the highest count that the run told before. */
async function noteCount(
  court: Court,
  input: SettleInput,
  { count, run }: Extract<SettleCause, { kind: 'refusals' }>,
): Promise<void> {
  const name = run === undefined ? input.id : `refused-${run}`;
  const earlier = await court.tx
    .selectFrom('refusals')
    .select('id')
    .where('id', '>=', `${name}:`)
    .where('id', '<', `${name};`)
    .execute();
  const counts = earlier.map(({ id }) => Number(id.slice(name.length + 1)));
  const more = count - Math.max(0, ...counts);
  if (more <= 0) return;
  await noteRefusal(court, { ...input, id: `${name}:${count}` }, typedBy(''), `${more} more refused`);
}

/** Records a refusal once, however often it is settled. */
async function noteRefusal(court: Court, input: SettleInput, actor: Actor, message: string): Promise<void> {
  const noted = await court.tx
    .insertInto('refusals')
    .values({ id: input.id, trace_id: input.traceId, at: court.now })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  if (noted.numInsertedOrUpdatedRows !== 1n) return;
  court.record({
    type: 'refusal',
    actor,
    span_id: input.span,
    data: storable({ iteration: input.iteration, message }),
  });
}
