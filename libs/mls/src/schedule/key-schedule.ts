/**
 * How the secrets of an epoch follow from those of the last one (RFC 9420 §8).
 *
 * ```
 *                  init_secret[n-1]
 *                        |
 *   commit_secret --> Extract
 *                        |
 *    GroupContext[n] --> ExpandWithLabel "joiner"
 *                        |
 *                  joiner_secret
 *                        |
 *     psk_secret ---> Extract
 *                        |
 *                        +--> DeriveSecret "welcome" = welcome_secret
 *                        |
 *    GroupContext[n] --> ExpandWithLabel "epoch"
 *                        |
 *                   epoch_secret
 *                        |
 *                        +--> DeriveSecret <label> = <secret>
 *                        |
 *                  init_secret[n]
 * ```
 *
 * @module
 */

import { deriveSecret, expandWithLabel, wipe, type CipherSuite, type KeyPair } from '@canopy/crypto';

/** The secrets that a member keeps during an epoch (RFC 9420 §8, table 4). */
export interface EpochSecrets {
  readonly senderDataSecret: Uint8Array;
  readonly exporterSecret: Uint8Array;
  readonly externalSecret: Uint8Array;
  readonly confirmationKey: Uint8Array;
  readonly membershipKey: Uint8Array;
  readonly resumptionPsk: Uint8Array;
  readonly epochAuthenticator: Uint8Array;
  readonly initSecret: Uint8Array;
}

/** The secrets of a new epoch, with the one that the secret tree consumes at once. */
export interface NewEpoch {
  readonly secrets: EpochSecrets;
  readonly encryptionSecret: Uint8Array;
}

/** Derives the joiner secret (RFC 9420 §8). The caller wipes its inputs when it keeps the result. */
export function deriveJoinerSecret(
  suite: CipherSuite,
  from: {
    readonly initSecret: Uint8Array;
    readonly commitSecret: Uint8Array;
    readonly groupContext: Uint8Array;
  },
): Uint8Array {
  const extracted = suite.kdf.extract(from.initSecret, from.commitSecret);
  const context = from.groupContext;
  const joinerSecret = expandWithLabel(suite, extracted, {
    label: 'joiner',
    context,
    length: suite.kdf.size,
  });
  wipe(extracted);
  return joinerSecret;
}

/** Mixes the PSKs into the joiner secret: the value between the two Extracts of the diagram. */
export function deriveMemberSecret(
  suite: CipherSuite,
  joinerSecret: Uint8Array,
  pskSecret: Uint8Array,
): Uint8Array {
  return suite.kdf.extract(joinerSecret, pskSecret);
}

/** Derives the key and nonce that the GroupInfo of a Welcome is encrypted with (RFC 9420 §12.4.3.1). */
export function deriveWelcomeKey(
  suite: CipherSuite,
  memberSecret: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const welcomeSecret = deriveSecret(suite, memberSecret, 'welcome');
  const context = new Uint8Array(0);
  const key = expandWithLabel(suite, welcomeSecret, { label: 'key', context, length: suite.aead.keySize });
  const nonce = expandWithLabel(suite, welcomeSecret, {
    label: 'nonce',
    context,
    length: suite.aead.nonceSize,
  });
  wipe(welcomeSecret);
  return { key, nonce };
}

/** Derives the epoch's secrets and overwrites what they came from (RFC 9420 §8, §9.2). */
export function deriveEpoch(
  suite: CipherSuite,
  memberSecret: Uint8Array,
  groupContext: Uint8Array,
): NewEpoch {
  const epochSecret = expandWithLabel(suite, memberSecret, {
    label: 'epoch',
    context: groupContext,
    length: suite.kdf.size,
  });
  wipe(memberSecret);
  return deriveFromEpochSecret(suite, epochSecret);
}

/** Derives the epoch's secrets from its epoch secret, which it overwrites (RFC 9420 §8, table 4; §11 for epoch 0). */
export function deriveFromEpochSecret(suite: CipherSuite, epochSecret: Uint8Array): NewEpoch {
  const derive = (label: string): Uint8Array => deriveSecret(suite, epochSecret, label);
  const secrets: EpochSecrets = {
    senderDataSecret: derive('sender data'),
    exporterSecret: derive('exporter'),
    externalSecret: derive('external'),
    confirmationKey: derive('confirm'),
    membershipKey: derive('membership'),
    resumptionPsk: derive('resumption'),
    epochAuthenticator: derive('authentication'),
    initSecret: derive('init'),
  };
  const encryptionSecret = derive('encryption');
  wipe(epochSecret);
  return { secrets, encryptionSecret };
}

/** Derives the key pair that external commits are made to (RFC 9420 §8, §8.3). */
export function deriveExternalKeyPair(suite: CipherSuite, externalSecret: Uint8Array): KeyPair {
  return suite.hpke.deriveKeyPair(externalSecret);
}
