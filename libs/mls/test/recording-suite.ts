import type { CipherSuite } from '@canopy/crypto';

import type { GroupState } from '../src/group/state.ts';
import type { SecretTree } from '../src/secret-tree/secret-tree.ts';
import { suite1 } from './parties.ts';

/** A cipher suite that remembers, by reference, every secret that it has given out. */
export interface RecordingSuite {
  readonly suite: CipherSuite;
  readonly secrets: Set<Uint8Array>;
}

/** Wraps a suite so that it remembers its secrets. */
export function recordingSuite(inner: CipherSuite = suite1): RecordingSuite {
  const secrets = new Set<Uint8Array>();
  const record = (secret: Uint8Array): Uint8Array => {
    secrets.add(secret);
    return secret;
  };
  const { kdf, hpke } = inner;
  const suite: CipherSuite = {
    ...inner,
    random: (length) => (length === kdf.size ? record(inner.random(length)) : inner.random(length)),
    kdf: {
      ...kdf,
      extract: (salt, ikm) => record(kdf.extract(salt, ikm)),
      expand: (prk, info, length) => record(kdf.expand(prk, info, length)),
    },
    hpke: {
      ...hpke,
      generateKeyPair() {
        const pair = hpke.generateKeyPair();
        record(pair.privateKey);
        return pair;
      },
      deriveKeyPair(ikm) {
        const pair = hpke.deriveKeyPair(ikm);
        record(pair.privateKey);
        return pair;
      },
      open: (privateKey, ciphertext, info, aad) => record(hpke.open(privateKey, ciphertext, info, aad)),
      bind(info) {
        const bound = hpke.bind(info);
        return {
          ...bound,
          open: (privateKey, ciphertext, aad) => record(bound.open(privateKey, ciphertext, aad)),
        };
      },
      setupSenderExport(publicKey, request) {
        const result = hpke.setupSenderExport(publicKey, request);
        record(result.exported);
        return result;
      },
      setupReceiverExport: (privateKey, kemOutput, request) =>
        record(hpke.setupReceiverExport(privateKey, kemOutput, request)),
    },
  };
  return { suite, secrets };
}

/** Says whether a secret was overwritten. */
export function isZero(secret: Uint8Array): boolean {
  return secret.length > 0 && secret.every((byte) => byte === 0);
}

/** All secrets that a secret tree holds at the moment, by reference. */
export function secretsInTree({ state }: SecretTree): Uint8Array[] {
  const ofRatchets = state.ratchets.flatMap(([, { handshake, application }]) =>
    [handshake, application].flatMap(({ secret, skipped }) => [
      secret,
      ...skipped.flatMap(({ key, nonce }) => [key, nonce]),
    ]),
  );
  return [...state.nodes.map(([, secret]) => secret), ...ofRatchets];
}

/** All secrets that a state has a use for, by reference. */
export function secretsOf(state: GroupState): Set<Uint8Array> {
  return new Set([
    ...Object.values(state.secrets),
    ...state.keys.values(),
    ...[state, ...state.pastEpochs].flatMap(({ secretTree }) => secretsInTree(secretTree)),
    ...state.pastEpochs.map(({ senderDataSecret }) => senderDataSecret),
    ...state.resumptionPsks.map(({ psk }) => psk),
    ...state.pendingUpdates.map(({ encryptionPrivateKey }) => encryptionPrivateKey),
  ]);
}
