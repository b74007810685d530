/**
 * Private signing keys as they lie in the store: encrypted with the store key of the configuration, when there is one.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { ConfigError, type Secret } from '@canopy/service';

const PREFIX = 'sealed.1.';
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** Seals a private key under the name of its public one; as it is when there is no store key. */
export function sealKey(privateJwk: string, kid: string, storeKey: Secret | undefined): string {
  if (storeKey === undefined) return privateJwk;
  const nonce = randomBytes(NONCE_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(storeKey), nonce).setAAD(Buffer.from(kid));
  const parts = [nonce, cipher.update(privateJwk, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return `${PREFIX}${Buffer.concat(parts).toString('base64url')}`;
}

/**
 * Opens what `sealKey` made with one of some store keys, also what was kept before there was one.
 *
 * @throws {ConfigError} when none of them opens it
 */
export function openKey(kept: string, kid: string, storeKeys: readonly Secret[]): string {
  if (!kept.startsWith(PREFIX)) return kept;
  if (storeKeys.length === 0)
    throw new ConfigError(['CANOPY_STORE_KEY is missing: the signing keys are sealed']);
  for (const storeKey of storeKeys) {
    const opened = tryToOpen(kept, kid, storeKey);
    if (opened !== undefined) return opened;
  }
  throw new ConfigError(['CANOPY_STORE_KEY is not the one that the signing keys were sealed with']);
}

function tryToOpen(kept: string, kid: string, storeKey: Secret): string | undefined {
  const bytes = Buffer.from(kept.slice(PREFIX.length), 'base64url');
  const [nonce, body] = [bytes.subarray(0, NONCE_LENGTH), bytes.subarray(NONCE_LENGTH, -TAG_LENGTH)];
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(storeKey), nonce, { authTagLength: TAG_LENGTH })
    .setAAD(Buffer.from(kid))
    .setAuthTag(bytes.subarray(-TAG_LENGTH));
  try {
    return decipher.update(body, undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

function deriveKey(storeKey: Secret): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', storeKey.reveal(), '', 'Canopy 1.0 signing keys', 32));
}
