import type { CrashPoint } from '../settings.ts';

/**
 * Where a test ends this process as a power cut would: at the named point, once it gets there. Null: never.
 */
export function createCrash(wanted: CrashPoint | null): (point: CrashPoint) => void {
  return (point) => {
    if (point === wanted) process.kill(process.pid, 'SIGKILL');
  };
}
