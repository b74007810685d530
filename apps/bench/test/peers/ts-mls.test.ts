import { createECDH } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { createSignatureKeys } from '../../src/peers/ts-mls-dialect.ts';

describe('the signature keys of ts-mls', () => {
  it.each([
    ['prime256v1', 65],
    ['secp384r1', 97],
    ['secp521r1', 133],
  ])('on %s are given uncompressed, as RFC 9420 (5.1.1) has them', async (curve, size) => {
    const ecdh = createECDH(curve);
    ecdh.generateKeys();
    const keys = { signKey: ecdh.getPrivateKey(), publicKey: ecdh.getPublicKey(null, 'compressed') };
    const { signKey, publicKey } = await createSignatureKeys({
      signature: { keygen: () => Promise.resolve(keys) },
    });
    expect(publicKey).toEqual(new Uint8Array(ecdh.getPublicKey()));
    expect(publicKey).toHaveLength(size);
    expect(signKey).toBe(keys.signKey);
  });

  it('of Ed25519 stay as they are', async () => {
    const keys = { signKey: new Uint8Array(48), publicKey: new Uint8Array(32).fill(7) };
    expect(await createSignatureKeys({ signature: { keygen: () => Promise.resolve(keys) } })).toEqual(keys);
  });
});
