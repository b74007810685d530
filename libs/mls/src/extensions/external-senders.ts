/**
 * Who outside of the group may propose (RFC 9420 §12.1.8.1).
 *
 * @module
 */

import { opaque, struct, vector, type TypeOf } from '@canopy/codec';
import { Credential } from '../credentials/credential.ts';

/** One outside party that may send proposals (RFC 9420 §12.1.8.1). */
export const ExternalSender = struct({ signatureKey: opaque, credential: Credential });
/** One outside party that may send proposals (RFC 9420 §12.1.8.1). */
export type ExternalSender = TypeOf<typeof ExternalSender>;

/** The content of the `external_senders` extension (RFC 9420 §12.1.8.1). */
export const ExternalSenders = vector(ExternalSender);
