import type { Section } from './rule.ts';

export const MANIFEST_RULES: readonly Section[] = [];
