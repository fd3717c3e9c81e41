export const testedCliVersion: string;
export function findProgram(
  name: 'cli' | 'test-server',
  options: { env: Readonly<Record<string, string | undefined>>; say: (line: string) => void },
): Promise<string>;
