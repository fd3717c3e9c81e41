/**
 * Text from elsewhere, made safe for a terminal: what could move the cursor, change colours, set titles or turn
 * the direction of writing is shown as an escape instead.
 */

/** Control characters, direction marks, separators that break lines, invisible tags, halves of characters. */
const UNSAFE =
  /[\u0000-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0000}-\u{E007F}]|\p{Surrogate}/gu;

/** The text on one line, unsafe characters as `\n`, `\t` or `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escape);
}

/** The same for text of several lines: line feeds and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(UNSAFE, (character) =>
    character === '\n' || character === '\t' ? character : escape(character),
  );
}

/** JSON text with unsafe characters as JSON escapes: it means the same. Line feeds between members stay. */
export function printableJson(text: string): string {
  return text.replace(UNSAFE, (character) => (character === '\n' ? character : unicodeEscape(character)));
}

function escape(character: string): string {
  return { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character] ?? unicodeEscape(character);
}

function unicodeEscape(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}
