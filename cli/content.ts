/** Content that is given on the command line, in a file, or on stdin (`-`). */
import { readFile } from 'node:fs/promises';
import { misuse, Refusal } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/** A value or the file that has it, with the names of their options for messages. */
export interface Given {
  option: string;
  text: string | undefined;
  fileOption: string;
  file: string | undefined;
}

/**
 * The text of a file, or of stdin for `-`.
 * @throws {Refusal} when it cannot be read or is not UTF-8
 */
export async function readText(terminal: Terminal, file: string): Promise<string> {
  const bytes = file === '-' ? await readAll(terminal.stdin()) : await readFileOr(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(`${nameOf(file)}: expected text in UTF-8, found other bytes`, 'save the file as UTF-8');
  }
}

/** A file as messages name it. */
export function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file;
}

/** The text that was given, in whichever way; null when it was not. */
export async function givenText(terminal: Terminal, given: Given): Promise<string | null> {
  const { text, file, option, fileOption } = given;
  if (text !== undefined && file !== undefined) {
    throw misuse(
      `${option} and ${fileOption} are two ways to say the same: expected one of them`,
      'leave one of them out',
    );
  }
  if (file === undefined) return text ?? null;
  return await readText(terminal, file);
}

/** The same as a JSON object. */
export async function givenObject(terminal: Terminal, given: Given): Promise<Record<string, unknown> | null> {
  const text = await givenText(terminal, given);
  if (text === null) return null;
  const where = given.file === undefined ? given.option : nameOf(given.file);
  const hint = `write for example ${given.option} '{"key": "value"}', or put it into a file: ${given.fileOption} FILE`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'other text';
    throw misuse(`${where}: expected a JSON object, found ${why}`, hint);
  }
  if (isObject(value)) return value;
  const found = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
  throw misuse(`${where}: expected a JSON object, found ${found}`, hint);
}

async function readFileOr(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(`${file}: expected a file that can be read, but ${why}`, 'name another file');
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
