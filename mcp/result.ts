/**
 * What a tool answered, as the rest of Warden reads it. Data of a result: its text when that parses to a JSON
 * object; else its structured content; else `{text}`. The store holds neither NUL characters nor halves of
 * surrogate pairs, so both are taken out here.
 */
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { Json, JsonObject } from '../domain/json.ts';
import { isJsonObject } from '../domain/json.ts';

export interface ToolResult {
  isError: boolean;
  data: JsonObject;
  /** All text blocks, one after the other; blocks of other types are named in square brackets. */
  text: string;
}

export function readResult(result: CallToolResult): ToolResult {
  const texts = result.content.map((block) => (block.type === 'text' ? block.text : null));
  const plain = texts.filter((text) => text !== null).join('\n');
  const structured = jsonObject(result.structuredContent);
  const data = parseObject(plain) ?? structured ?? { text: plain };
  const shown = result.content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`));
  const text = shown.length === 0 && structured !== null ? JSON.stringify(structured) : shown.join('\n');
  return { isError: result.isError === true, data: storable(data), text: storableText(text) };
}

function parseObject(text: string): JsonObject | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return jsonObject(JSON.parse(text));
  } catch {
    return null;
  }
}

function jsonObject(value: unknown): JsonObject | null {
  return isJsonObject(value) ? value : null;
}

function storable(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [storableText(key), storableJson(member)]),
  );
}

function storableJson(value: Json): Json {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storableJson);
  return isJsonObject(value) ? storable(value) : value;
}

function storableText(text: string): string {
  return text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');
}
