import { createHash, createHmac, createPublicKey } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { publicKeyImporter } from '../../src/floor/key-import.ts';
import { createPrimitives, type Primitives } from '../../src/floor/primitives.ts';
import { createSignatures } from '../../src/floor/signatures.ts';
import { loadSodium } from '../../src/floor/sodium-native.ts';
import { createSodiumPrimitives } from '../../src/floor/sodium-primitives.ts';
import { suiteParameters, type SuiteParameters } from '../../src/floor/suites.ts';

const data = new Uint8Array(300).fill(7);

/** Pads a key as HMAC does (RFC 2104). */
function padded(key: Uint8Array, block: number): Uint8Array {
  const pad = new Uint8Array(block).fill(0x36);
  return pad.map((byte, at) => byte ^ (key[at] ?? 0));
}

// A floor made of primitives that compute something else would be no floor.
function expectToCompute<Key>(primitives: Primitives<Key>, suite: SuiteParameters): void {
  const kemKeys = primitives.prepareKemKeys();
  const signatureKeys = primitives.prepareSignatureKeys();

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
    expect(primitives.derivePublicKey(kemKeys.rawPrivateKey)).toEqual(kemKeys.rawPublicKey);
  });

  it('encapsulate to an imported key what its owner decapsulates with an imported key', () => {
    const { sharedKey, ciphertext } = primitives.encapsulate(
      primitives.importPublicKey(kemKeys.rawPublicKey),
    );
    const privateKey = primitives.importPrivateKey(kemKeys.rawPrivateKey);
    expect(primitives.decapsulate(privateKey, ciphertext)).toEqual(sharedKey);
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
    const key = primitives.importSignatureKey(signatureKeys.rawPublicKey);
    primitives.verify(key, { data, signature });
    await primitives.verifyOneOfMany(key, { data, signature });
    const forged = { data: new Uint8Array(300), signature };
    expect(() => primitives.verify(key, forged)).toThrow('not valid');
    await expect(primitives.verifyOneOfMany(key, forged)).rejects.toThrow('not valid');
  });
}

describe.each([1, 2, 3, 4, 5, 6, 7])('the primitives of suite %i', (id) => {
  const suite = suiteParameters(id);
  const primitives = createPrimitives(suite);
  expectToCompute(primitives, suite);

  it('import keys as what they are', () => {
    const { publicKey, rawPublicKey, rawPrivateKey } = primitives.prepareKemKeys();
    expect(primitives.importPublicKey(rawPublicKey).equals(publicKey)).toBe(true);
    expect(createPublicKey(primitives.importPrivateKey(rawPrivateKey)).equals(publicKey)).toBe(true);
  });
});

describe.each([1, 3])('the primitives of suite %i on libsodium', (id) => {
  const suite = suiteParameters(id);
  const primitives = createSodiumPrimitives(suite, loadSodium());
  expectToCompute(primitives, suite);

  it('compute the public keys and the signatures that node:crypto does', () => {
    const { rawPrivateKey, rawPublicKey } = primitives.prepareKemKeys();
    expect(Buffer.from(rawPublicKey)).toEqual(createPrimitives(suite).derivePublicKey(rawPrivateKey));
    const keys = primitives.prepareSignatureKeys();
    const signature = primitives.sign(keys.privateKey, data);
    const key = publicKeyImporter(suite.signature)(keys.rawPublicKey);
    expect(() =>
      createSignatures(suite.signature, suite.hash).verify(key, { data, signature }),
    ).not.toThrow();
  });
});
