/** What a manifest contains (CEL, JSONPath, JSON Schema, template) cannot be compiled. */
export class ExpressionError extends Error {
  override name = 'ExpressionError';
  /** From 1, inside the expression; absent when the library does not say. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  constructor(message: string, place: { line?: number; column?: number } = {}) {
    super(message);
    this.line = place.line;
    this.column = place.column;
  }
}

/** Line and column, from 1, of an offset in UTF-16 units. */
export function placeOf(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, Math.max(0, offset));
  const newline = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: before.length - newline };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
