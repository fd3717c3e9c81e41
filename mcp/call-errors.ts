/**
 * How a tool call ends without a result. What follows differs: a lost call may have taken effect, a refused one
 * did not.
 */

/** The connection or the server went away, or the caller stopped waiting: the call may have happened. */
export class ToolCallLost extends Error {
  override name = 'ToolCallLost';
}

/** The call did not happen: the server answered a JSON-RPC error, or it was never sent. */
export class ToolCallRefused extends Error {
  override name = 'ToolCallRefused';
}
