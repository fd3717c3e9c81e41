export function demo(state?: string): Promise<number>;
