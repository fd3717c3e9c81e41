export interface RecordedProcess {
  name: string;
  pid: number;
  started: string;
}
export function startTimeOf(pid: number): string | null;
export function recordProcess(folder: string, name: string, pid: number): void;
export function forgetProcess(folder: string, name: string, pid: number): void;
export function livingProcesses(folder: string): RecordedProcess[];
export function endProcess(child: { pid: number; started: string | null }, graceMs?: number): Promise<void>;
export function endLeftovers(folder: string, say: (line: string) => void): Promise<void>;
