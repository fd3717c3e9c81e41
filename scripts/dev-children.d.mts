export interface Child {
  name: string;
  pid: number;
  log: string;
  started: string | null;
  /** Signal, exit code or error, in words; null: it runs. */
  ended: string | null;
  exited: Promise<Child>;
}
export function createChildren(folders: { cwd: string; records: string; logs: string }): {
  start(
    name: string,
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ): Child;
  stopAll(graceMs: number): Promise<void>;
  killAll(): void;
  all(): Child[];
};
export function lastLines(child: Child, count?: number): string;
