import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { UndoCandidate } from '../../domain/undo.ts';
import { undoScope } from '../../domain/undo.ts';

const step = (span: string, completed: boolean, declared = true): UndoCandidate => ({
  span,
  completed,
  declared,
});

describe('the undo of a saga', () => {
  it('after a known failure starts at the last completed step and goes back', () => {
    const steps = [step('a', true), step('b', true), step('c', false), step('d', false)];
    assert.deepEqual(undoScope(steps, null), { inScope: true, spans: ['b', 'a'] });
  });

  it('after an uncertain failure includes the failing step itself, first', () => {
    assert.deepEqual(undoScope([step('a', true), step('b', false)], 'b'), {
      inScope: true,
      spans: ['b', 'a'],
    });
  });

  it('passes over steps without a declared undo, which are in scope all the same', () => {
    assert.deepEqual(
      undoScope([step('a', true, false), step('b', true), step('c', true, false)], null).spans,
      ['b'],
    );
    assert.deepEqual(undoScope([step('a', true, false)], null), { inScope: true, spans: [] });
    assert.deepEqual(undoScope([step('a', false, false)], 'a'), { inScope: true, spans: [] });
  });

  it('has nothing in scope when no step completed and the failure is known', () => {
    assert.deepEqual(undoScope([step('a', false), step('b', false)], null), { inScope: false, spans: [] });
    assert.deepEqual(undoScope([], null), { inScope: false, spans: [] });
  });

  it('skips a skipped step between completed ones', () => {
    const steps = [step('a', true), step('skipped', false), step('c', true), step('failed', false)];
    assert.deepEqual(undoScope(steps, null).spans, ['c', 'a']);
  });

  it('undoes each declared step in scope once, last in first out', () => {
    const candidates = fc.array(fc.record({ completed: fc.boolean(), declared: fc.boolean() }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(candidates, fc.nat(12), (flags, at) => {
        const steps = flags.map((flag, index) => ({ span: String(index), ...flag }));
        const failing = at < steps.length ? String(at) : null;
        const { inScope, spans } = undoScope(steps, failing);
        const inside = steps.filter(({ span, completed }) => completed || span === failing);
        assert.equal(inScope, inside.length > 0);
        assert.deepEqual(
          spans.map(Number),
          inside
            .filter(({ declared }) => declared)
            .map(({ span }) => Number(span))
            .sort((a, b) => b - a),
        );
      }),
    );
  });
});
