/** JSON in the text of a model. */
import { z } from 'zod';
import type { Json } from '../domain/json.ts';

const json = z.custom<Json>((value) => value !== undefined);

/** What the text says; undefined when it is no JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return json.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
