import { getCipherSuite } from '@canopy/crypto';
import { describe, expect, it } from '@jest/globals';
import { decoyOf } from '../src/device-proof.ts';

describe('the decoys for devices that are none', () => {
  const devices = Array.from({ length: 200 }, (_, i) => `mimi://example.com/d/alice/device${i}00`);

  it('are of all suites, so that the time of a check does not tell which devices there are', () => {
    expect(new Set(devices.map((device) => decoyOf(device).cipherSuite))).toEqual(
      new Set([1, 2, 3, 4, 5, 6, 7]),
    );
  });

  it('are always the same for one device, and have keys that a check can be made with', () => {
    for (const device of devices.slice(0, 20)) {
      const { cipherSuite, signaturePublicKey } = decoyOf(device);
      expect(decoyOf(device)).toEqual({ cipherSuite, signaturePublicKey });
      getCipherSuite(cipherSuite).signature.validatePublicKey(signaturePublicKey);
    }
  });
});
