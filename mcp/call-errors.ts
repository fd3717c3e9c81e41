/**
 * How a tool call ends without a result. What follows differs: a lost call may have taken effect, a refused one
 * did not. Where that cannot be known for certain, the call is lost.
 */

/**
 * The server went away, answered an error that says nothing about execution, or the caller stopped waiting: the
 * call may have happened.
 */
export class ToolCallLost extends Error {
  override name = 'ToolCallLost';
}

/** The call did not happen: it was never sent, or the server answered that it did not execute it. */
export class ToolCallRefused extends Error {
  override name = 'ToolCallRefused';
}

/** No tool source of the worker gave the resource; reading has no effect, so it may always be tried again. */
export class ResourceNotRead extends Error {
  override name = 'ResourceNotRead';
}
