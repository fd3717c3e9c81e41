import type { Section } from './rule.ts';

export const LIFE_RULES: readonly Section[] = [];
