/** What the texts of an expression are asked, in a time that their lengths bound and that is paid for. */
import { spend } from './cel-work.ts';

/** The engine's own search may compare a part of this length at every place, and longer ones for minutes. */
const SHORT = 32;

/** Unicode code points. */
export function sizeOfText(text: string): number {
  spend(text.length / 64);
  let size = text.length;
  for (let at = 0; at < text.length; at += 1) {
    if (isLead(text.charCodeAt(at)) && isTrail(text.charCodeAt(at + 1))) {
      size -= 1;
      at += 1;
    }
  }
  return size;
}

function isLead(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isTrail(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

export function includes(text: string, part: string): boolean {
  spend((text.length + part.length) / 16);
  if (part.length <= SHORT || part.length > text.length) return text.includes(part);
  const borders = bordersOf(part);
  let matched = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = borders[matched - 1] ?? 0;
    if (part.charCodeAt(matched) === unit) matched += 1;
    if (matched === part.length) return true;
  }
  return false;
}

/** For each beginning of the text the length of its longest border: Knuth, Morris and Pratt. */
function bordersOf(text: string): Uint32Array {
  const borders = new Uint32Array(text.length);
  let border = 0;
  for (let at = 1; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    while (border > 0 && text.charCodeAt(border) !== unit) border = borders[border - 1] ?? 0;
    if (text.charCodeAt(border) === unit) border += 1;
    borders[at] = border;
  }
  return borders;
}
