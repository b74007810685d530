/**
 * The nonce that binds an ID token to the key of the device that it enrols (OpenID Connect Core §3.1.2.1, §15.5.2).
 *
 * The device makes its key first and asks the provider for an ID token with this nonce. Whoever steals the token cannot
 * enrol another key with it, and without the private key it is of no use.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { encode, opaque, struct, uint16, type TypeOf } from '@canopy/codec';

const BoundKey = struct({ label: opaque, domain: opaque, cipherSuite: uint16, signatureKey: opaque });

/** What a nonce is made of. */
export interface IdTokenNonceInput extends Pick<TypeOf<typeof BoundKey>, 'cipherSuite' | 'signatureKey'> {
  /** The trust domain of the Authentication Service. */
  readonly domain: string;
}

/** Makes the nonce for a device's key: SHA-256 in base64url. */
export function idTokenNonce({ domain, cipherSuite, signatureKey }: IdTokenNonceInput): string {
  const bytes = encode(BoundKey, {
    label: utf8('Canopy 1.0 ID token nonce'),
    domain: utf8(domain),
    cipherSuite,
    signatureKey,
  });
  return createHash('sha256').update(bytes).digest('base64url');
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
