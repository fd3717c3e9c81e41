/** A failure of a step whose words may come from models, tools and manifests. */
import { StepFailed } from '../domain/failure.ts';
import type { FailureCode } from '../domain/failure.ts';
import { storable, storableText } from '../domain/json.ts';
import type { JsonObject } from '../domain/json.ts';
import { clip } from './clip.ts';

const MESSAGE_LIMIT = 2_000;

/** The failure, bounded, and fit for the store. */
export function failed(code: FailureCode, message: string, details: JsonObject): StepFailed {
  return new StepFailed(code, clip(storableText(message), MESSAGE_LIMIT), storable(details));
}
