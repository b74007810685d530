/**
 * The puppets: members that never answer. They are made once for a suite and stand in every group of it.
 *
 * @module
 */

import { getCipherSuite, type CipherSuite } from '@canopy/crypto';
import { encodeMessage, WireFormat, type ClientIdentity, type OwnKeyPackage } from '@canopy/mls';
import { createIdentity, createPlainKeyPackage } from './identities.ts';

/** A member that is played by the stage. */
export interface Puppet {
  readonly identity: ClientIdentity;
  readonly own: OwnKeyPackage;
}

/** The puppets of one suite. */
export class Cast {
  readonly suite: CipherSuite;
  readonly #puppets: Puppet[] = [];

  constructor(suiteId: number) {
    this.suite = getCipherSuite(suiteId);
  }

  /** Gives a puppet; making it takes four key pairs and two signatures. */
  puppet(index: number): Puppet {
    for (let next = this.#puppets.length; next <= index; next++) {
      const identity = createIdentity(this.suite, puppetName(next));
      this.#puppets.push({ identity, own: createPlainKeyPackage(this.suite, identity) });
    }
    const found = this.#puppets[index];
    if (found === undefined) throw new Error(`there is no puppet ${index}`);
    return found;
  }

  /** Gives puppets from one index on. */
  puppets(from: number, count: number): readonly Puppet[] {
    return Array.from({ length: count }, (_, i) => this.puppet(from + i));
  }

  /** Gives the encoded KeyPackages of puppets from one index on. */
  keyPackages(from: number, count: number): readonly Uint8Array[] {
    return this.puppets(from, count).map(({ own: { keyPackage } }) =>
      encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage }),
    );
  }
}

/** Names a puppet in the one form that core-crypto can read: user, device, domain. */
function puppetName(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}:1@canopy.example`;
}
