import type { Section } from './rule.ts';

export const DECISION_RULES: readonly Section[] = [];

export const CANCEL_RULES: readonly Section[] = [];
