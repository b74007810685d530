/**
 * Who may call: devices by their access tokens, administrators by the administrator secret.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { nameOfSignatureKey } from '@canopy/identity';
import {
  bearer,
  unauthenticated,
  type Authenticate,
  type Caller,
  type Secret,
  type TokenVerifier,
} from '@canopy/service';
import type { EnrolledDevice, Registry } from '@canopy/storage';

const BEARER = /^bearer +(.+)$/i;

/** Lets in devices with an access token that were not revoked, and did not get another key, since they got it. */
export function enrolledDevice(verify: TokenVerifier, registry: Registry): Authenticate<Caller> {
  const authenticate = bearer(verify);
  return async (metadata) => {
    const caller = await authenticate(metadata);
    const device = await registry.findDevice(caller.device);
    if (device === undefined || device.revokedAtMs !== undefined || !isForKeyOf(caller, device)) {
      throw unauthenticated('DEVICE_NOT_AUTHENTICATED');
    }
    return caller;
  };
}

/** Says whether a token was made for the current key of a device. */
function isForKeyOf({ key }: Caller, { signaturePublicKey }: EnrolledDevice): boolean {
  return key === nameOfSignatureKey(signaturePublicKey);
}

/** Lets in who shows the administrator secret, and nobody when there is none. */
export function administrator(secret: Secret | undefined): Authenticate<undefined> {
  return (metadata) => {
    const values = metadata.get('authorization');
    const shown = values.length === 1 ? BEARER.exec(String(values[0]))?.[1] : undefined;
    if (secret === undefined || shown === undefined || !isSame(shown, secret.reveal())) {
      return Promise.reject(unauthenticated('ADMINISTRATOR_NOT_AUTHENTICATED'));
    }
    return Promise.resolve(undefined);
  };
}

/** Compares hashes, which have one length, so that the time tells nothing about the secret. */
function isSame(shown: string, secret: string): boolean {
  const [a, b] = [shown, secret].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
