/**
 * Rules that Warden promises, and the tests that prove them. A rule is written once, with an id; `proves` ties one
 * test to it and takes the rule's text as the test's title, so that a run reads like the contract.
 */
import { it } from 'mocha';
import { CANCEL_RULES, DECISION_RULES } from './rules-decisions.ts';
import { FAILURE_RULES } from './rules-failures.ts';
import { LIFE_RULES } from './rules-life.ts';
import { MANIFEST_RULES } from './rules-manifests.ts';
import { RECOVERY_RULES } from './rules-recovery.ts';

export interface Section {
  title: string;
  /** Id to text. Ids are never used again for something else. */
  rules: Readonly<Record<string, string>>;
}

export const SECTIONS: readonly Section[] = [
  ...LIFE_RULES,
  ...DECISION_RULES,
  ...FAILURE_RULES,
  ...CANCEL_RULES,
  ...RECOVERY_RULES,
  ...MANIFEST_RULES,
];

/** Registers the test of a rule. Throws for an id that no section has. */
export function proves(id: string, work: () => Promise<void> | void): void {
  const text = SECTIONS.flatMap(({ rules }) => rules[id] ?? [])[0];
  if (text === undefined) throw new Error(`expected the id of a rule, got ${id}`);
  it(`${id} ${text}`, async () => {
    await work();
  });
}
