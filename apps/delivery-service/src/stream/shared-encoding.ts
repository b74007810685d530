/**
 * Encodes what many streams say once.
 *
 * @module
 */
import { delivery } from '@canopy/contract';

/** Encodings of responses that may be said again, for as long as the response itself is kept. */
const encodings = new WeakMap<delivery.SubscribeResponse, Buffer>();

type Definition = typeof delivery.DeliveryServiceService;

/** Makes a definition whose stream encodes each object with entries once, however many streams it is written to. */
export function shareEncodings(definition: Definition): Definition {
  const { subscribe } = definition;
  return { ...definition, subscribe: { ...subscribe, responseSerialize: serialize } };
}

function serialize(response: delivery.SubscribeResponse): Buffer {
  const encode = (): Buffer => Buffer.from(delivery.SubscribeResponse.encode(response).finish());
  if (response.response?.$case !== 'entries') return encode();
  const known = encodings.get(response);
  if (known !== undefined) return known;
  const encoded = encode();
  encodings.set(response, encoded);
  return encoded;
}
