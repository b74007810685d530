import { createHash, createHmac, createPublicKey } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { generateKeyObjects } from '../../src/floor/key-import.ts';
import { createPrimitives } from '../../src/floor/primitives.ts';
import { suiteParameters } from '../../src/floor/suites.ts';

const data = new Uint8Array(300).fill(7);

/** Pads a key as HMAC does (RFC 2104). */
function padded(key: Uint8Array, block: number): Uint8Array {
  const pad = new Uint8Array(block).fill(0x36);
  return pad.map((byte, at) => byte ^ (key[at] ?? 0));
}

// A floor made of primitives that compute something else would be no floor.
describe.each([1, 2, 3, 4, 5, 6, 7])('the primitives of suite %i', (id) => {
  const suite = suiteParameters(id);
  const primitives = createPrimitives(suite);
  const kemKeys = generateKeyObjects(suite.kem);
  const signatureKeys = generateKeyObjects(suite.signature);
  const rawPublic = kemKeys.publicKey.export({ format: 'raw-public' });
  const rawPrivate = kemKeys.privateKey.export({ format: 'raw-private' });

  it('hash', () => {
    expect(primitives.hash(data)).toEqual(createHash(suite.hash.name).update(data).digest());
  });

  it('compute an HMAC, here with the key of zeros that needs no padding of the outer side', () => {
    const { name, size, block } = suite.hash;
    const key = new Uint8Array(size);
    const input = Buffer.concat([padded(key, block), data]);
    expect(primitives.hmac(input)).toEqual(createHmac(name, key).update(data).digest());
  });

  it('make and derive raw public keys', () => {
    expect(primitives.generateKeyPair()).toHaveLength(suite.kem.publicKeySize);
    expect(primitives.derivePublicKey(rawPrivate)).toEqual(rawPublic);
  });

  it('import keys', () => {
    expect(primitives.importPublicKey(rawPublic).equals(kemKeys.publicKey)).toBe(true);
    const imported = primitives.importPrivateKey(rawPrivate);
    expect(createPublicKey(imported).equals(kemKeys.publicKey)).toBe(true);
  });

  it('encapsulate to a key what its owner decapsulates', () => {
    const { sharedKey, ciphertext } = primitives.encapsulate(kemKeys.publicKey);
    expect(primitives.decapsulate(kemKeys.privateKey, ciphertext)).toEqual(sharedKey);
  });

  it('seal and open, and refuse what was sealed otherwise', () => {
    const key = { key: new Uint8Array(suite.aead.keySize), nonce: new Uint8Array(12) };
    const aad = new Uint8Array(44);
    const sealed = primitives.seal(key, aad, data);
    expect(Uint8Array.from(primitives.open(key, aad, sealed))).toEqual(data);
    expect(() => primitives.open(key, new Uint8Array(0), sealed)).toThrow();
  });

  it('sign and verify, and refuse what was not signed', async () => {
    const signature = primitives.sign(signatureKeys.privateKey, data);
    const raw = signatureKeys.publicKey.export({ format: 'raw-public' });
    const key = primitives.importSignatureKey(raw);
    primitives.verify(key, { data, signature });
    await primitives.verifyOnPool(key, { data, signature });
    const forged = { data: new Uint8Array(300), signature };
    expect(() => primitives.verify(key, forged)).toThrow('not valid');
    await expect(primitives.verifyOnPool(key, forged)).rejects.toThrow('not valid');
  });
});
