/**
 * KeyPackages of devices that never join anything: their private keys are thrown away.
 *
 * @module
 */
import { getCipherSuite } from '@canopy/crypto';
import { ATTESTATION_EXTENSION_TYPE, attestationExtension, deviceCredential } from '@canopy/identity';
import { createKeyPackage, encodeMessage, supportedCapabilities, WireFormat } from '@canopy/mls';
import type { BenchDevice } from '../load/job.ts';
import { CIPHER_SUITE } from './group.ts';

const suite = getCipherSuite(CIPHER_SUITE);
const DAY = 86_400n;

/** Makes a KeyPackage of a device, as an encoded MLSMessage. */
export function makeKeyPackage({ device, keys, attestation }: BenchDevice): Uint8Array {
  const now = BigInt(Math.floor(Date.now() / 1000));
  const identity = {
    credential: deviceCredential(device),
    signatureKeyPair: keys,
    capabilities: supportedCapabilities([CIPHER_SUITE], { extensions: [ATTESTATION_EXTENSION_TYPE] }),
    leafExtensions: [attestationExtension(attestation)],
  };
  const lifetime = { notBefore: now - DAY, notAfter: now + 30n * DAY };
  const { keyPackage } = createKeyPackage({ suite, identity, lifetime, grease: true });
  return encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage });
}
