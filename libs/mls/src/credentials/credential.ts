/**
 * Credentials: what a member shows for an identity (RFC 9420 §5.3). Data only; judging it is the identity port's work.
 *
 * @module
 */

import { opaque, select, struct, uint16, vector, type TypeOf } from '@canopy/codec';
import { CredentialType } from '../registries.ts';

/** One DER certificate of an X.509 chain (RFC 9420 §5.3). */
export const Certificate = struct({ certData: opaque });
/** One DER certificate of an X.509 chain (RFC 9420 §5.3). */
export type Certificate = TypeOf<typeof Certificate>;

/** A credential. An unknown type has no known length, so it does not decode (RFC 9420 §5.3). */
export const Credential = select('credentialType', uint16, {
  [CredentialType.basic]: struct({ identity: opaque }),
  [CredentialType.x509]: struct({ certificates: vector(Certificate) }),
});
/** A credential (RFC 9420 §5.3). */
export type Credential = TypeOf<typeof Credential>;
