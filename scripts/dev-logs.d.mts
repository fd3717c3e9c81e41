export function followLogs(
  children: readonly { name: string; log: string }[],
  say: (line: string) => void,
): () => void;
export function readable(line: string): string;
