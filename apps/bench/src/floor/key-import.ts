/**
 * From raw keys to key objects.
 *
 * @module
 */

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import type { PreparedKeys } from './primitives.ts';
import type { Curve, EdwardsCurve } from './suites.ts';

/** A key pair in key objects. */
export interface KeyObjectPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Makes a key pair to prepare steps with. */
export function prepareKeys(curve: Curve): PreparedKeys<KeyObject> {
  const { publicKey, privateKey } = generateKeyObjects(curve);
  return {
    publicKey,
    privateKey,
    rawPublicKey: publicKey.export({ format: 'raw-public' }),
    rawPrivateKey: privateKey.export({ format: 'raw-private' }),
  };
}

/** Makes a key pair. */
export function generateKeyObjects(curve: Curve): KeyObjectPair {
  return curve.type === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: curve.name })
    : generateEdwardsPair(curve);
}

function generateEdwardsPair({ type }: EdwardsCurve): KeyObjectPair {
  // The declarations know each name by itself, not all of them together.
  if (type === 'x25519') return generateKeyPairSync(type);
  if (type === 'x448') return generateKeyPairSync(type);
  return type === 'ed25519' ? generateKeyPairSync(type) : generateKeyPairSync(type);
}

/** Makes the importer of raw public keys: through PEM text for NIST curves, raw for the others. */
export function publicKeyImporter(curve: Curve): (raw: Uint8Array) => KeyObject {
  if (curve.type !== 'ec') {
    const parameters = { format: 'raw-public', asymmetricKeyType: curve.type } as const;
    return (raw) => withoutStackTraces(() => createPublicKey({ key: bufferOf(raw), ...parameters }));
  }
  const header = spkiHeader(curve);
  return (raw) => {
    const text = Buffer.concat([header, raw]).toString('base64');
    return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----`);
  };
}

/** Makes the importer of raw private keys. */
export function privateKeyImporter(curve: Curve): (raw: Uint8Array) => KeyObject {
  const parameters =
    curve.type === 'ec'
      ? ({ format: 'raw-private', asymmetricKeyType: 'ec', namedCurve: curve.name } as const)
      : ({ format: 'raw-private', asymmetricKeyType: curve.type } as const);
  return (raw) => withoutStackTraces(() => createPrivateKey({ key: bufferOf(raw), ...parameters }));
}

/** Gives what precedes the raw key in a SubjectPublicKeyInfo of the curve. */
function spkiHeader(curve: Curve): Uint8Array {
  const der = generateKeyObjects(curve).publicKey.export({ format: 'der', type: 'spki' });
  return der.subarray(0, der.length - curve.publicKeySize);
}

function bufferOf(raw: Uint8Array): Buffer {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.length);
}

/** The platform makes and drops an error on the way in of each raw key; its stack trace is most of the cost. */
function withoutStackTraces<T>(run: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
