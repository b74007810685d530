/**
 * HPKE keys and key encapsulation (RFC 9180 §4.1).
 *
 * @module
 */

import { createECDH, createPublicKey, decapsulate, encapsulate } from 'node:crypto';

import { generateKeyObjects, prepareKeys, privateKeyImporter, publicKeyImporter } from './key-import.ts';
import type { Primitives } from './primitives.ts';
import type { Curve, EdwardsCurve, NistCurve } from './suites.ts';

type KeyPairs = Pick<Primitives, 'generateKeyPair' | 'derivePublicKey'>;

type Kem = KeyPairs &
  Pick<Primitives, 'prepareKemKeys' | 'importPrivateKey' | 'importPublicKey' | 'encapsulate' | 'decapsulate'>;

/** Makes the KEM. `encapsulate` beats a key pair, a key agreement and the KDF apart on every curve. */
export function createKem(curve: Curve): Kem {
  return {
    ...(curve.type === 'ec' ? nistKeyPairs(curve) : edwardsKeyPairs(curve)),
    prepareKemKeys: () => prepareKeys(curve),
    importPrivateKey: privateKeyImporter(curve),
    importPublicKey: publicKeyImporter(curve),
    encapsulate: (publicKey) => encapsulate(publicKey),
    decapsulate: (privateKey, ciphertext) => decapsulate(privateKey, ciphertext),
  };
}

/** For NIST curves the export of a public key object costs as much as making it; ECDH objects do without. */
function nistKeyPairs({ openSslName }: NistCurve): KeyPairs {
  return {
    generateKeyPair: () => createECDH(openSslName).generateKeys(),
    derivePublicKey(privateKey) {
      const pair = createECDH(openSslName);
      pair.setPrivateKey(privateKey);
      return pair.getPublicKey();
    },
  };
}

function edwardsKeyPairs(curve: EdwardsCurve): KeyPairs {
  const importPrivateKey = privateKeyImporter(curve);
  return {
    generateKeyPair: () => generateKeyObjects(curve).publicKey.export({ format: 'raw-public' }),
    derivePublicKey: (privateKey) =>
      createPublicKey(importPrivateKey(privateKey)).export({ format: 'raw-public' }),
  };
}
