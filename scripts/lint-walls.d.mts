import type { Rule } from 'eslint';

export const walls: Readonly<Record<string, { rooms: string[]; types?: string[]; libraries: string[] }>>;
export const entries: readonly string[];
export const wallsPlugin: { rules: { walls: Rule.RuleModule } };
