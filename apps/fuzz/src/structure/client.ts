/**
 * A client of the simulation: who it is, and what it has published, in the group or outside of it.
 *
 * @module
 */

import { equal, type CipherSuite } from '@canopy/crypto';
import {
  createKeyPackage,
  CredentialType,
  keyPackageRef,
  supportedCapabilities,
  wipeInitKey,
  type ClientIdentity,
  type Credential,
  type KeyPackage,
  type OwnKeyPackage,
  type Welcome,
} from '@canopy/mls';

/** The time at which every world plays, in seconds. */
export const NOW = 1_800_000_000n;
const lifetime = { notBefore: NOW - 3600n, notAfter: NOW + 3600n };

/** An extension type that all clients of the simulation list. */
export const KNOWN_EXTENSION = 0xf7a1;

/** Gives the name that a credential of the simulation states. */
export function nameIn(credential: Credential): string {
  return credential.credentialType === CredentialType.basic
    ? new TextDecoder().decode(credential.identity)
    : 'x509';
}

/** Makes an identity with a fresh signature key. */
export function createIdentity(suite: CipherSuite, name: string): ClientIdentity {
  return {
    credential: { credentialType: CredentialType.basic, identity: new TextEncoder().encode(name) },
    signatureKeyPair: suite.signature.generateKeyPair(),
    capabilities: supportedCapabilities([suite.id], { extensions: [KNOWN_EXTENSION] }),
    leafExtensions: [],
  };
}

interface Published {
  readonly own: OwnKeyPackage;
  readonly isLastResort: boolean;
}

/** A client, whether it is a member or not. */
export class Client {
  readonly name: string;
  readonly #suite: CipherSuite;
  /** The one in force, then those that were or may come into force. */
  readonly #identities: ClientIdentity[];
  #published: Published[] = [];

  constructor(suite: CipherSuite, name: string) {
    this.name = name;
    this.#suite = suite;
    this.#identities = [createIdentity(suite, name)];
  }

  /** The identity that the group has accepted last. */
  get identity(): ClientIdentity {
    const [first] = this.#identities;
    if (first === undefined) throw new RangeError('a client has at least one identity');
    return first;
  }

  /** Makes an identity that a group may accept. */
  rotate(): ClientIdentity {
    const next = createIdentity(this.#suite, this.name);
    this.#identities.push(next);
    return next;
  }

  /** Goes on with the identity that a group has accepted; says whether it is one of this client's. */
  settle(signatureKey: Uint8Array): boolean {
    const at = this.#identities.findIndex((one) => equal(one.signatureKeyPair.publicKey, signatureKey));
    if (at > 0) this.#identities.unshift(...this.#identities.splice(at, 1));
    return at >= 0;
  }

  /** Publishes a KeyPackage; one of last resort is given out again and again. */
  publish(isLastResort: boolean): OwnKeyPackage {
    const { identity } = this;
    const current = this.#published.find(
      ({ own, isLastResort: again }) =>
        isLastResort && again && equal(own.signaturePrivateKey, identity.signatureKeyPair.privateKey),
    );
    if (current !== undefined) return current.own;
    const own = createKeyPackage({ suite: this.#suite, identity, lifetime, grease: true });
    this.#published.push({ own, isLastResort });
    return own;
  }

  /** Says whether a leaf's key may come back, because it is of a KeyPackage of last resort. */
  mayReturnWith(encryptionKey: Uint8Array): boolean {
    return this.#published.some(
      ({ own, isLastResort }) => isLastResort && equal(own.keyPackage.leafNode.encryptionKey, encryptionKey),
    );
  }

  /** Finds the KeyPackage that a Welcome is for. */
  findFor(welcome: Welcome): OwnKeyPackage | undefined {
    return this.#published.find(({ own: { keyPackage } }) => {
      const reference = keyPackageRef(this.#suite, keyPackage);
      return welcome.secrets.some(({ newMember }) => equal(newMember, reference));
    })?.own;
  }

  /** Forgets a KeyPackage that was used, unless it is one of last resort. */
  use(keyPackage: KeyPackage): void {
    this.#published = this.#published.filter(({ own, isLastResort }) => {
      if (isLastResort || own.keyPackage !== keyPackage) return true;
      wipeInitKey(own);
      return false;
    });
  }
}
