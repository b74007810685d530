/**
 * Requires that a caller is an enrolled device: a challenge, once, and a signature over it.
 *
 * An unknown device, a revoked one, a used challenge and a wrong signature all look alike from outside.
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto';
import { getCipherSuite, type CipherSuite } from '@canopy/crypto';
import type { Signature } from '@canopy/identity';
import { unauthenticated } from '@canopy/service';
import type { EnrolledDevice } from '@canopy/storage';
import type { Parts } from './parts.ts';
import { requireChallenge, requireDevice } from './request-fields.ts';
import { authenticationPurpose } from './rules/challenge.ts';

/** A request that begins with device and challenge. */
export interface ChallengedRequest {
  readonly device: string;
  readonly challenge: Uint8Array;
}

/** What all proofs of enrolled devices state. */
export interface DeviceStatement {
  readonly challenge: Uint8Array;
  readonly domain: string;
  readonly device: string;
}

/** Says whether a device has proven itself; called also for a decoy, so that it takes as long for a device that is none. */
export type ProofCheck = (statement: DeviceStatement, known: KnownKey) => boolean;

/** A key that proofs are checked with. */
export type KnownKey = Pick<EnrolledDevice, 'cipherSuite' | 'signaturePublicKey'>;

const SUITES = 7;
const decoys = new Map(Array.from({ length: SUITES }, (_, index) => [index + 1, makeDecoy(index + 1)]));
const decoySecret = randomBytes(32);

function makeDecoy(cipherSuite: number): KnownKey {
  const { publicKey } = getCipherSuite(cipherSuite).signature.generateKeyPair();
  return { cipherSuite, signaturePublicKey: publicKey };
}

/** A device that is none has a suite like any other, and always the same one: schemes take different times. */
export function decoyOf(device: string): KnownKey {
  const choice = createHmac('sha256', decoySecret).update(device).digest().readUInt32BE() % SUITES;
  return decoys.get(choice + 1) ?? makeDecoy(1);
}

/** Uses up the challenge and gives the device. @throws {FieldError}, {ServiceError} UNAUTHENTICATED */
export async function requireProvenDevice(
  request: ChallengedRequest,
  { registry, clock, config }: Parts,
  isProven: ProofCheck,
): Promise<EnrolledDevice> {
  const device = requireDevice(request.device, 'device', config.domain);
  const challenge = requireChallenge(request.challenge, 'challenge');
  const use = { challenge, purpose: authenticationPurpose(device), nowMs: clock.now() };
  const { outcome } = await registry.consumeChallenge(use);
  const known = await registry.findDevice(device);
  const proven = isProven({ challenge, domain: config.domain, device }, known ?? decoyOf(device));
  if (outcome !== 'consumed' || !proven || known === undefined || known.revokedAtMs !== undefined) {
    throw unauthenticated('DEVICE_NOT_AUTHENTICATED');
  }
  return known;
}

/** Makes the check of a statement that is signed with the device's key. */
export function signedBy(
  verify: (suite: CipherSuite, statement: DeviceStatement, signed: Signature) => boolean,
  signature: Uint8Array,
): ProofCheck {
  return (statement, { cipherSuite, signaturePublicKey: publicKey }) =>
    verify(getCipherSuite(cipherSuite), statement, { publicKey, signature });
}
