import type { Child } from './dev-children.mjs';

export interface Plan {
  state: string;
  host: string;
  ports: { api: number; temporal: number; ui: number | null };
  postgres: boolean;
  env: Readonly<Record<string, string | undefined>>;
  prepare(): Promise<void>;
}
export function createStack(
  plan: Plan,
  say: (line: string) => void,
): {
  api: string;
  ui: string | null;
  start(): Promise<void>;
  stop(): Promise<void>;
  killAll(): void;
  children(): Child[];
};
