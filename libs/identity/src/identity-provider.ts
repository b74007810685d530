/**
 * Judges the leaves of a group by the attestations that they carry (RFC 9420 §5.3.1).
 *
 * @module
 */
import { equal } from '@canopy/crypto';
import type { Credential, IdentityProvider, IdentityVerdict, PresentedCredential } from '@canopy/mls';
import { attestationOf, type Attestation, type AttestationRefusal } from './attestation.ts';
import { AttestationCache } from './attestation-cache.ts';
import { deviceOfCredential } from './device-credential.ts';
import { parseDeviceUri } from './device-uri.ts';
import { IdentityError } from './errors.ts';
import type { AttestationKeys } from './jwks.ts';
import {
  requireCurrentList,
  type RevocationOptions,
  type RevocationRefusal,
} from './revocation/revocation-check.ts';
import { Refused } from './x509/refusal.ts';

/** Tells the time in milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** What identities are judged by. */
export interface IdentityProviderOptions {
  /** The domain that every member must belong to. */
  readonly domain: string;
  /** The keys of that domain's Authentication Service. */
  readonly keys: AttestationKeys;
  readonly clock: Clock;
  /** How many attestations are remembered; 10 000 by default. */
  readonly capacity?: number;
  /** How many attestations are verified at a time; 16 by default. */
  readonly concurrency?: number;
  /** Without it no device is ever revoked. */
  readonly revocation?: RevocationOptions;
}

/** Why a credential is not believed. */
export type IdentityRefusal =
  | AttestationRefusal
  | RevocationRefusal
  | 'DEVICE_REVOKED'
  | 'KEY_REVOKED'
  | 'CREDENTIAL_NOT_BASIC'
  | 'IDENTITY_NOT_A_DEVICE'
  | 'IDENTITY_WRONG_DOMAIN'
  | 'ATTESTATION_MISSING'
  | 'ATTESTATION_OTHER_DEVICE'
  | 'ATTESTATION_OTHER_KEY'
  | 'SUCCESSOR_OTHER_DEVICE';

/**
 * Makes the judge of identities for a domain: a leaf is valid if it names a device of the domain and carries a valid
 * attestation for this device and the leaf's signature key; a successor must name the same device.
 * It throws only what the sources of keys and lists throw: that nothing can be said now is no refusal.
 */
export function createIdentityProvider(options: IdentityProviderOptions): IdentityProvider {
  const { domain, keys, clock, capacity = 10_000, concurrency = 16 } = options;
  const cache = new AttestationCache({ domain, keys, capacity, concurrency });
  return {
    async validateCredential(presented) {
      const device = readDevice(presented.credential);
      if (typeof device !== 'string') return device;
      if (parseDeviceUri(device).domain !== domain) return refused('IDENTITY_WRONG_DOMAIN');
      const jwt = attestationOf(presented.extensions);
      if (jwt === undefined) return refused('ATTESTATION_MISSING');
      const verdict = await cache.verify(jwt, clock.now());
      const matched = verdict.valid ? compare(presented, device, verdict.attestation) : verdict;
      return matched.valid ? checkRevocation(device, presented, options) : matched;
    },
    validateSuccessor: (old, presented) => Promise.resolve(compareDevices(old, presented)),
  };
}

function compare(presented: PresentedCredential, device: string, attestation: Attestation): IdentityVerdict {
  if (attestation.device !== device) return refused('ATTESTATION_OTHER_DEVICE');
  if (!equal(attestation.signatureKey, presented.signatureKey)) return refused('ATTESTATION_OTHER_KEY');
  return { valid: true };
}

async function checkRevocation(
  device: string,
  { signatureKey }: PresentedCredential,
  { revocation, clock }: IdentityProviderOptions,
): Promise<IdentityVerdict> {
  if (revocation === undefined) return { valid: true };
  try {
    const list = await requireCurrentList(revocation, BigInt(Math.floor(clock.now() / 1000)));
    if (list.revokesDevice(device)) return refused('DEVICE_REVOKED');
    return list.revokesKey(signatureKey) ? refused('KEY_REVOKED') : { valid: true };
  } catch (error) {
    if (error instanceof Refused) return { valid: false, reason: error.reason };
    throw error;
  }
}

function compareDevices(old: PresentedCredential, presented: PresentedCredential): IdentityVerdict {
  const [before, after] = [readDevice(old.credential), readDevice(presented.credential)];
  if (typeof after !== 'string') return after;
  return before === after ? { valid: true } : refused('SUCCESSOR_OTHER_DEVICE');
}

/** Gives the device that a credential names, or why it names none. */
function readDevice(credential: Credential): string | IdentityVerdict {
  try {
    return deviceOfCredential(credential);
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    return refused(error.code === 'INVALID_CREDENTIAL' ? 'CREDENTIAL_NOT_BASIC' : 'IDENTITY_NOT_A_DEVICE');
  }
}

function refused(reason: IdentityRefusal): IdentityVerdict {
  return { valid: false, reason };
}
