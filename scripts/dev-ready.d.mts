export function untilReady(url: string, options: { seconds: number; look(): void }): Promise<string | null>;
