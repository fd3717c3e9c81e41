export function takeLock(
  file: string,
): { kind: 'taken'; release: () => void } | { kind: 'held'; pid: number };
