import type { Section } from './rule.ts';

export const RECOVERY_RULES: readonly Section[] = [];
