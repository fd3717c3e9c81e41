/** The limit of one tool call: from when it is handed to the connection until its result is there. */

/**
 * Runs `call` with a signal that ends with the caller's, and when the limit is over. Null: the caller's alone.
 */
export async function withinLimit<T>(
  limitMs: number | null,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (limitMs === null || signal.aborted) return await call(signal);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => {
    const limit = `${limitMs / 1000} s (WARDEN_MCP_CALL_TIMEOUT_S)`;
    stop.abort(new Error(`it did not end within the limit of a call, ${limit}`));
  }, limitMs);
  try {
    return await call(stop.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
