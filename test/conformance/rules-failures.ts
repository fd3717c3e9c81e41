import type { Section } from './rule.ts';

export const FAILURE_RULES: readonly Section[] = [];
