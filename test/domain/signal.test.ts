import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Json } from '../../domain/json.ts';
import { storable } from '../../domain/json.ts';
import type { SignalName } from '../../domain/signal.ts';
import { COMMENT_LIMIT, GUIDANCE_LIMIT, readSignal, reviewName } from '../../domain/signal.ts';

const open = reviewName('publish', 2);
const reason = (name: SignalName, args: unknown[], about: string | null = open) => {
  const reading = readSignal(name, args, about);
  return reading.kind === 'refused' ? reading.reason : null;
};

describe('a typed signal', () => {
  it('that names the open review is read', () => {
    const args = [{ review: 'publish#2', comment: 'fine', guidance: 'g', error_details: { a: 1 }, other: 1 }];
    assert.deepEqual(readSignal('approve', args, open), {
      kind: 'typed',
      body: { review: 'publish#2', comment: 'fine', guidance: 'g', error_details: { a: 1 } },
    });
  });

  it('to approve or retry that names none is refused, and told what to send', () => {
    for (const args of [[], [null], ['a comment'], [{}], [{ comment: 'x' }], [{ review: 7 }]]) {
      assert.match(
        reason('approve', args) ?? '',
        /approve must name its review: send \{"review": "publish#2"\}/,
      );
      assert.match(reason('retry', args) ?? '', /retry must name its review: send \{"review": "publish#2"\}/);
    }
  });

  it('to reject may be bare: it is about the review that is open when it arrives', () => {
    for (const args of [[], [null], [{}]]) {
      assert.deepEqual(readSignal('reject', args, open), { kind: 'typed', body: { review: open } });
    }
    assert.deepEqual(readSignal('reject', ['too long'], open), {
      kind: 'typed',
      body: { comment: 'too long', review: open },
    });
  });

  it('about another review than the open one is refused, also to reject', () => {
    for (const name of ['approve', 'reject', 'retry'] as const) {
      assert.equal(
        reason(name, [{ review: 'publish#1' }]),
        'the open review is "publish#2", not "publish#1"',
      );
      assert.equal(reason(name, [{ review: 'publish#2' }], null), 'no review is open');
      assert.equal(reason(name, [], null), 'no review is open');
    }
  });

  it('with an argument that cannot be understood is refused', () => {
    for (const argument of [7, true, [], ['undecodable']])
      assert.match(reason('reject', [argument]) ?? '', /^expected/);
  });

  it('that is long is cut, without leaving half a character', () => {
    const long = `${'x'.repeat(COMMENT_LIMIT - 1)}😀`;
    const reading = readSignal(
      'retry',
      [{ review: open, comment: long, guidance: 'y'.repeat(GUIDANCE_LIMIT + 1) }],
      open,
    );
    assert.ok(reading.kind === 'typed');
    assert.equal(reading.body.comment, `${'x'.repeat(COMMENT_LIMIT - 1)}\ufffd`);
    assert.equal(reading.body.guidance?.length, GUIDANCE_LIMIT);
  });

  it('nested deeper than any store or history takes is refused', () => {
    let deep: Json = {};
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    assert.match(reason('reject', [{ error_details: deep }]) ?? '', /at most 64 deep/);
    assert.match(reason('reject', [deep]) ?? '', /at most 64 deep/);
  });

  it('with error details of more than 65,536 characters is refused, whole and not cut', () => {
    const sized = (length: number) => ({ why: 'x'.repeat(length - '{"why":""}'.length) });
    const largest = readSignal('reject', [{ error_details: sized(65_536) }], open);
    assert.ok(largest.kind === 'typed');
    assert.deepEqual(largest.body.error_details, sized(65_536));
    for (const review of [{}, { review: open }]) {
      const argument = { ...review, error_details: sized(65_537) };
      assert.equal(reason('reject', [argument]), 'error_details may have at most 65536 characters');
    }
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`member-${n}`, n]));
    assert.match(reason('reject', [{ error_details: many }]) ?? '', /at most 65536/);
  });

  it('never throws, and what it reads can be stored', () => {
    const bodies = fc.record(
      {
        review: fc.oneof(fc.constant(open), fc.string({ unit: 'binary' })),
        comment: fc.anything(),
        guidance: fc.string({ unit: 'binary' }),
        error_details: fc.oneof(
          fc.jsonValue(),
          fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.constantFrom('approve' as const, 'reject' as const, 'retry' as const),
        bodies,
        (name, body) => {
          const reading = readSignal(name, [body], open);
          const plain: Json = JSON.parse(JSON.stringify(reading));
          assert.deepEqual(storable(plain), plain);
        },
      ),
    );
    fc.assert(fc.property(fc.anything(), (argument) => void readSignal('reject', [argument], open)));
  });
});

describe('a signal of ours', () => {
  it('carries the id of a request, whether or not a review is open', () => {
    const id = '0b9ae1a6-5f0e-4d0e-9b57-3f1d7a3c2e11';
    for (const about of [open, null]) {
      assert.deepEqual(readSignal('approve', [{ request: id }], about), { kind: 'request', request: id });
    }
  });

  it('with what can be no id is refused, because it could not even be looked up', () => {
    for (const request of ['', 'a\0b', 'a b', '\ud800', 'x'.repeat(65), "'; --"]) {
      assert.match(reason('approve', [{ request, review: open }]) ?? '', /expected the id of a request/);
    }
  });
});
