/**
 * URIs of MCP resources. What is looked at is the URI as a server may read it: percent-encoding taken off, also
 * where it was put on more than once. Used for what a manifest allows, and for what a model asks for.
 */

export type UriFault = 'traversal' | 'control';

/** A server decodes once or twice; what is encoded more often than this is taken for an attempt. */
const MAX_DECODINGS = 4;
const ENCODED = /(?:%[0-9a-f]{2})+/gi;
/** C0, C1, and the separators that some readers take for ends of lines. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** What makes a URI unsafe to hand to a server: a `..` between its separators, or a control character. */
export function uriFault(uri: string): UriFault | null {
  let text = uri;
  for (let round = 0; round <= MAX_DECODINGS; round += 1) {
    if (CONTROL.test(text)) return 'control';
    if (text.split(/[/\\?#&=:;]/).some((segment) => segment.trim() === '..')) return 'traversal';
    const decoded = text.replace(ENCODED, decode);
    if (decoded === text) return null;
    text = decoded;
  }
  return 'traversal';
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // No UTF-8: byte by byte, so that a dot or a slash beside a stray byte is still seen.
    return encoded.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
}

export interface UriTemplate {
  /** Each once, in order. */
  placeholders: string[];
  /** What is no `{placeholder}` and yet has a brace; null when there is none. */
  stray: string | null;
  /** The URI without its placeholders, for what can be said before they are filled. */
  fixed: string;
}

const PLACEHOLDER = /\{([^{}]+)\}/g;

/** The `{placeholder}`s of an allowed URI. */
export function readUriTemplate(uri: string): UriTemplate {
  const placeholders = [...new Set(Array.from(uri.matchAll(PLACEHOLDER), ([, name = '']) => name))];
  const fixed = uri.replace(PLACEHOLDER, 'x');
  return { placeholders, stray: /[{}]/.exec(fixed)?.[0] ?? null, fixed };
}
