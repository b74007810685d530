/**
 * Signatures (RFC 9420 §5.1.2).
 *
 * @module
 */

import { sign, verify } from 'node:crypto';

import { prepareKeys, publicKeyImporter } from './key-import.ts';
import type { Primitives } from './primitives.ts';
import type { Curve, HashParameters } from './suites.ts';

type Signatures = Pick<
  Primitives,
  'prepareSignatureKeys' | 'sign' | 'importSignatureKey' | 'verify' | 'verifyOneOfMany'
>;

const refusal = (): Error => new Error('a signature of the floor is not valid');

/** Makes the signature scheme; EdDSA has its hash function built in. */
export function createSignatures(curve: Curve, hash: HashParameters): Signatures {
  const algorithm = curve.type === 'ec' ? hash.name : null;
  return {
    prepareSignatureKeys: () => prepareKeys(curve),
    sign: (privateKey, data) => sign(algorithm, data, privateKey),
    importSignatureKey: publicKeyImporter(curve),
    verify(publicKey, { data, signature }) {
      if (!verify(algorithm, data, publicKey, signature)) throw refusal();
    },
    verifyOneOfMany: (publicKey, { data, signature }) =>
      new Promise((resolve, reject) => {
        verify(algorithm, data, publicKey, signature, (error, valid) => {
          if (error === null && valid) resolve();
          else reject(error ?? refusal());
        });
      }),
  };
}
