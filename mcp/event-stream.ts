/**
 * Reads server-sent events (the WHATWG's HTML standard, 9.2.6) as they arrive. No more than one event is kept,
 * and one that is longer than a message may be ends the reading.
 */

export interface StreamEvent {
  /** `message` unless the server named it. */
  name: string;
  data: string;
}

/** What is known of a stream so far, to go on where it was cut. */
export interface StreamPosition {
  lastId: string | null;
  retryMs: number | null;
}

interface Parser {
  line: string;
  /** The last chunk ended in a carriage return: a line feed that comes next belongs to it. */
  afterReturn: boolean;
  name: string;
  data: string[];
  kept: number;
}

/** The events of a stream, in order; `position` is kept up to date. Throws when one has more characters than the limit. */
export async function* readEvents(
  body: AsyncIterable<Buffer>,
  position: StreamPosition,
  limit: number,
): AsyncGenerator<StreamEvent, void> {
  const decoder = new TextDecoder();
  const parser: Parser = { line: '', afterReturn: false, name: '', data: [], kept: 0 };
  for await (const chunk of body) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    if (parser.afterReturn && text.startsWith('\n')) text = text.slice(1);
    parser.afterReturn = text.endsWith('\r');
    const [first = '', ...rest] = text.split(/\r\n|\n|\r/);
    parser.line += first;
    for (const next of rest) {
      const event = endLine(parser, position);
      if (event !== null) yield event;
      parser.line = next;
    }
    if (parser.kept + parser.line.length > limit) {
      throw new Error(`the server answered more than ${limit} bytes`);
    }
  }
}

function endLine(parser: Parser, position: StreamPosition): StreamEvent | null {
  const { line } = parser;
  parser.line = '';
  if (line === '') return endEvent(parser);
  const colon = line.indexOf(':');
  const field = colon === -1 ? line : line.slice(0, colon);
  const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'event') parser.name = value;
  if (field === 'data') {
    parser.data.push(value);
    parser.kept += value.length + 1;
  }
  if (field === 'id' && /^[\x20-\x7e]{0,1000}$/.test(value)) position.lastId = value === '' ? null : value;
  if (field === 'retry' && /^\d{1,9}$/.test(value)) position.retryMs = Number(value);
  return null;
}

function endEvent(parser: Parser): StreamEvent | null {
  const { name, data } = parser;
  parser.name = '';
  parser.data = [];
  parser.kept = 0;
  return data.length === 0 ? null : { name: name === '' ? 'message' : name, data: data.join('\n') };
}
