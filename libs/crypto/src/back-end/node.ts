/**
 * The back end that is always there: `node:crypto`, for every algorithm.
 *
 * @module
 */

import { decapsulate, diffieHellman, encapsulate, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { plain } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { HashName } from '../hash.ts';
import type { KeyAlgorithm } from '../key-algorithms.ts';
import * as keys from '../keys.ts';
import type { BackEnd, DHKEM, KeyAgreement, Signing } from './back-end.ts';

/** `node:crypto`. */
export const nodeBackEnd: BackEnd = { name: 'node', keyAgreement, signing };

function keyAgreement(algorithm: KeyAlgorithm): KeyAgreement {
  return {
    backEnd: 'node',
    algorithm,
    generateKeyPair: () => keys.generateKeyPair(algorithm),
    publicKeyOf: (privateKey) => keys.publicKeyOf(algorithm, privateKey),
    diffieHellman(privateKey, publicKey) {
      const publicObject = keys.importPublicKey(algorithm, publicKey);
      const privateObject = keys.importPrivateKey(algorithm, privateKey);
      return agreed(() => plain(diffieHellman({ privateKey: privateObject, publicKey: publicObject })));
    },
    dhkem: dhkem(algorithm),
  };
}

function dhkem(algorithm: KeyAlgorithm): DHKEM {
  return {
    encapsulate(publicKey) {
      const key = keys.importPublicKey(algorithm, publicKey);
      return agreed(() => {
        const { sharedKey, ciphertext } = encapsulate(key);
        return { kemOutput: plain(ciphertext), sharedSecret: plain(sharedKey) };
      });
    },
    decapsulate(privateKey, kemOutput) {
      const key = keys.importPrivateKey(algorithm, privateKey);
      // The platform would take other forms of a point, too; it checks the curve equation itself.
      keys.requirePublicKeyShape(algorithm, kemOutput);
      return agreed(() => plain(decapsulate(key, kemOutput)));
    },
  };
}

function agreed<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new CryptoError('INVALID_PUBLIC_KEY', 'no secret can be agreed on with this key', { cause });
  }
}

// The objects of ten thousand members would take more memory than all the rest of their group. Those of the NIST curves
// are made anyway, to see that the point is on the curve.
function importForMany(algorithm: KeyAlgorithm, publicKey: Uint8Array): KeyObject {
  return algorithm.type === 'ec'
    ? keys.importPublicKey(algorithm, publicKey)
    : keys.importPublicKeyOnce(algorithm, publicKey);
}

function signing(algorithm: KeyAlgorithm, hash: HashName | null): Signing {
  return {
    backEnd: 'node',
    algorithm,
    generateKeyPair: () => keys.generateKeyPair(algorithm),
    publicKeyOf: (privateKey) => keys.publicKeyOf(algorithm, privateKey),
    sign: (privateKey, data) => plain(sign(hash, data, keys.importPrivateKey(algorithm, privateKey))),
    verify: (publicKey, data, signature) =>
      verify(hash, data, keys.importPublicKey(algorithm, publicKey), signature),
    verifyAsync(publicKey, data, signature) {
      return new Promise((resolve, reject) => {
        const key = importForMany(algorithm, publicKey);
        verify(hash, data, key, signature, (error, valid) =>
          error === null ? resolve(valid) : reject(error),
        );
      });
    },
  };
}
