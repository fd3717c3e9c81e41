/**
 * What a tool answered, as the rest of Warden reads it. Data of a result: its text when that parses to a JSON
 * object; else its structured content; else `{text}`. What no store can hold is taken out.
 */
import type { CallToolResult, ReadResourceResult } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject } from '../domain/json.ts';
import { isDeeperThan, isJsonObject, storable, storableText } from '../domain/json.ts';

/** What is nested deeper than this is text: expressions, templates and the store would refuse it. */
export const DEPTH_LIMIT = 200;

export interface ToolResult {
  isError: boolean;
  data: JsonObject;
  /** All text blocks, one after the other; blocks of other types are named in square brackets. */
  text: string;
}

export interface ResourceText {
  /** The text of all contents, one after the other; contents that are no text are named in square brackets. */
  text: string;
}

/** Never throws, whatever the server wrote. */
export function readContents({ contents }: ReadResourceResult): ResourceText {
  const parts = contents.map((part) => {
    if ('text' in part) return part.text;
    const bytes = Math.floor((part.blob.replace(/=+$/, '').length * 3) / 4);
    return `[${part.mimeType ?? 'blob'} ${part.uri}, ${bytes} bytes]`;
  });
  return { text: storableText(parts.join('\n')) };
}

/** Never throws, whatever the server wrote. */
export function readResult(result: CallToolResult): ToolResult {
  const texts = result.content.map((block) => (block.type === 'text' ? block.text : null));
  const plain = texts.filter((text) => text !== null).join('\n');
  const structured = usableObject(result.structuredContent);
  const data = parseObject(plain) ?? structured ?? { text: plain };
  const shown = result.content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`));
  const text = shown.length === 0 && structured !== null ? JSON.stringify(structured) : shown.join('\n');
  return { isError: result.isError === true, data: storable(data), text: storableText(text) };
}

function parseObject(text: string): JsonObject | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return usableObject(JSON.parse(text));
  } catch {
    return null;
  }
}

function usableObject(value: unknown): JsonObject | null {
  return isJsonObject(value) && !isDeeperThan(value, DEPTH_LIMIT) ? value : null;
}
