export const searchAttributes: Readonly<Record<string, 'Keyword' | 'Datetime'>>;
export const retention: string;
export function serverArguments(options: {
  port: number;
  uiPort: number | null;
  stateFile: string | null;
}): string[];
export function prepareServer(options: {
  cli: string;
  address: string;
  timeoutMs: number;
  gone?: () => boolean;
}): Promise<void>;
