/** What a body may hold at most, measured on the bytes and the text: nothing is parsed before. */
import type { IncomingMessage } from 'node:http';
import { BODY_LIMIT_BYTES, DEPTH_LIMIT, KEY_LIMIT } from './contract.ts';
import { refusal } from './problem.ts';

const TOO_LARGE = `expected a body of at most ${BODY_LIMIT_BYTES} bytes; send less`;

/**
 * The body as text; empty when there is none. What comes beyond the limit is thrown away unread, so that the
 * client, still sending, gets its answer.
 */
export async function readText(request: IncomingMessage): Promise<string> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw refusal(415, `expected a body without content-encoding, got ${encoding}`);
  }
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) {
    request.resume();
    throw refusal(413, TOO_LARGE);
  }
  const bytes = await collect(request);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refusal(400, 'expected a body in UTF-8, got bytes that are not');
  }
}

function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) {
        chunks.length = 0;
        reject(refusal(413, TOO_LARGE));
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(refusal(400, 'the request ended before its body did')));
    request.on('close', () => reject(refusal(400, 'the request ended before its body did')));
  });
}

const QUOTE = 34;
const BACKSLASH = 92;
const COLON = 58;
const OPEN = new Set([91, 123]);
const CLOSE = new Set([93, 125]);

/** Refuses JSON that is nested too deep or has too many keys. Reads the text once; text that is no JSON is let pass. */
export function checkJsonLimits(text: string): void {
  let depth = 0;
  let keys = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) quoted = false;
      continue;
    }
    if (code === QUOTE) quoted = true;
    else if (code === COLON) keys += 1;
    else if (OPEN.has(code)) depth += 1;
    else if (CLOSE.has(code)) depth -= 1;
    if (depth > DEPTH_LIMIT)
      throw refusal(400, `expected JSON nested at most ${DEPTH_LIMIT} deep; send less`);
    if (keys > KEY_LIMIT) throw refusal(400, `expected JSON with at most ${KEY_LIMIT} keys; send less`);
  }
}

/** JSON within the limits; undefined for an empty text. */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  checkJsonLimits(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read';
    throw refusal(400, `expected a body in JSON: ${why}`);
  }
}
