/**
 * Turns payloads into values without ever throwing: one signal that cannot be decoded would otherwise fail the
 * workflow task for ever. What Warden never sends (binary, protobuf, foreign encodings, broken JSON) is read as
 * an array, which no message of Warden is, so every reader refuses it.
 */
import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/workflow';

const undecodable = defaultPayloadConverter.toPayload(['undecodable']);

/** The converter of worker and bundle, found by this name through `payloadConverterPath`. */
export const payloadConverter: PayloadConverter = {
  toPayload: (value, context, hint) => defaultPayloadConverter.toPayload(value, context, hint),
  fromPayload: (payload, context, hint) => {
    try {
      const value = defaultPayloadConverter.fromPayload(payload, context, hint);
      if (!(value instanceof Uint8Array)) return value;
    } catch {
      // Falls through: what cannot be read is an answer too.
    }
    return defaultPayloadConverter.fromPayload(undecodable);
  },
};
