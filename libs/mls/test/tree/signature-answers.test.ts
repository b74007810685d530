import { CryptoError, getCipherSuite, verifyWithLabel, type CipherSuite } from '@canopy/crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { signatureOfKeyPackage, type KeyPackage } from '../../src/key-packages/key-package.ts';
import {
  LeafNodeSource,
  signatureOfLeaf,
  signLeafNode,
  verifyLeafNode,
  type LeafNode,
  type LeafPosition,
} from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { SignatureAnswers, type SignatureClaim } from '../../src/tree/signature-answers.ts';
import { keyPackageOf, party, suite1 } from '../parties.ts';
import { contentOfLeaf } from '../rules/07.3-places.ts';
import { GROUP_ID } from './sample-trees.ts';

const at = (leafIndex: number, groupId = GROUP_ID): LeafPosition => ({
  groupId,
  leafIndex: toLeafIndex(leafIndex),
});
const flipped = (bytes: Uint8Array, index: number): Uint8Array =>
  bytes.map((byte, here) => (here === index ? byte ^ 1 : byte));

const people = Array.from({ length: 4 }, (_, index) => party(`person ${index}`));

/** A leaf of one of a few people, signed for a position. */
function placedLeaf(person: number, position: LeafPosition): LeafNode {
  const who = people[person % people.length];
  if (who === undefined) throw new Error('a person expected');
  const { leafNode } = keyPackageOf(who).keyPackage;
  const content = { ...contentOfLeaf(leafNode), source: { leafNodeSource: LeafNodeSource.update } };
  return signLeafNode(suite1, content, who.identity.signatureKeyPair.privateKey, position);
}

function keyPackageOfPerson(person: number): KeyPackage {
  const who = people[person % people.length];
  if (who === undefined) throw new Error('a person expected');
  return keyPackageOf(who).keyPackage;
}

/** What a forger does to a signature or to what is signed. */
const FAULTS = ['none', 'flipped', 'swapped', 'short', 'malformed key', 'other key', 'moved'] as const;
type Fault = (typeof FAULTS)[number];

function spoiled<T extends { readonly signature: Uint8Array }>(fault: Fault, signed: T, other: T): T {
  switch (fault) {
    case 'flipped':
      return { ...signed, signature: flipped(signed.signature, 7) };
    case 'swapped':
      return { ...signed, signature: other.signature };
    case 'short':
      return { ...signed, signature: signed.signature.subarray(1) };
    case 'none':
    case 'malformed key':
    case 'other key':
    case 'moved':
      return signed;
  }
}

function withKeyOf(fault: Fault, leaf: LeafNode, other: LeafNode): LeafNode {
  if (fault === 'malformed key') return { ...leaf, signatureKey: leaf.signatureKey.subarray(1) };
  return fault === 'other key' ? { ...leaf, signatureKey: other.signatureKey } : leaf;
}

function claimOfLeaf(fault: Fault, person: number, index: number): SignatureClaim {
  const position = at(index);
  const [leaf, other] = [placedLeaf(person, position), placedLeaf(person + 1, position)];
  const presented = fault === 'moved' ? at(index + 1) : position;
  return signatureOfLeaf(withKeyOf(fault, spoiled(fault, leaf, other), other), presented);
}

function claimOfKeyPackage(fault: Fault, person: number): SignatureClaim {
  const [keyPackage, other] = [keyPackageOfPerson(person), keyPackageOfPerson(person + 1)];
  const forged = spoiled(fault, keyPackage, other);
  const leafNode = withKeyOf(fault, forged.leafNode, other.leafNode);
  return signatureOfKeyPackage(leafNode === forged.leafNode ? forged : { ...forged, leafNode });
}

const claims = fc
  .record({ fault: fc.constantFrom(...FAULTS), person: fc.nat({ max: 3 }), index: fc.nat({ max: 9 }) })
  .chain(({ fault, person, index }) =>
    fc.constantFrom(
      () => claimOfLeaf(fault, person, index),
      () => claimOfKeyPackage(fault, person),
    ),
  )
  .map((make) => make());

/** What is said of a signature, a refused key included. */
function verdict(ask: () => boolean): string {
  try {
    return String(ask());
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return error.code;
  }
}

const slowly = (claim: SignatureClaim, suite: CipherSuite = suite1): string =>
  verdict(() => verifyWithLabel(suite, claim.signed()));

/** A claim that counts how often what was signed was asked for: once for each verification. */
function counted(claim: SignatureClaim): { readonly claim: SignatureClaim; readonly count: () => number } {
  let asked = 0;
  const signed = (): ReturnType<SignatureClaim['signed']> => {
    asked++;
    return claim.signed();
  };
  return { claim: { ...claim, signed }, count: () => asked };
}

/** Enough good leaves that verifying them ahead is worth the way, one at each position. */
const crowd = (size = 6): SignatureClaim[] =>
  Array.from({ length: size }, (_, index) => claimOfLeaf('none', index, index));

/** The suite with the back end that is used here, and with the one that is always there. */
const backEnds = [...new Set([suite1, getCipherSuite(1, { backEnd: 'node' })])];

describe.each(backEnds)('signatures that are verified ahead by $backEnd', (suite) => {
  it('are judged as one by one, few or many, whatever is wrong with some of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(claims, { maxLength: 90 }),
        fc.array(claims, { maxLength: 3 }),
        async (asked, rest) => {
          const answers = await SignatureAnswers.verify(suite, asked);
          for (const claim of [...asked, ...rest].toReversed()) {
            expect(verdict(() => answers.isValid(suite, claim))).toBe(slowly(claim));
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('are some of each kind in that property', () => {
    const seen = new Set(fc.sample(claims, 200).map((claim) => slowly(claim)));
    expect([...seen].toSorted()).toEqual(['INVALID_PUBLIC_KEY', 'false', 'true']);
  });

  it('are verified once each, and not again when they are asked for', async () => {
    const many = [...crowd(70), claimOfLeaf('flipped', 1, 71)].map(counted);
    const answers = await SignatureAnswers.verify(
      suite,
      many.map(({ claim }) => claim),
    );
    expect(many.map(({ count }) => count())).toEqual(many.map(() => 1));
    const said = many.map(({ claim }) => answers.isValid(suite, claim));
    expect(said).toEqual(many.map((_, index) => index < 70));
    expect(many.map(({ count }) => count())).toEqual(many.map(() => 1));
  });

  it('that are few are verified only when they are asked for', async () => {
    const few = [claimOfLeaf('none', 0, 0), claimOfLeaf('swapped', 1, 1), claimOfLeaf('none', 2, 2)].map(
      counted,
    );
    const answers = await SignatureAnswers.verify(
      suite,
      few.map(({ claim }) => claim),
    );
    expect(few.map(({ count }) => count())).toEqual([0, 0, 0]);
    expect(few.map(({ claim }) => answers.isValid(suite, claim))).toEqual([true, false, true]);
  });

  it('may name a leaf twice, at two positions: each is judged for itself', async () => {
    const leaf = placedLeaf(0, at(3));
    const [here, there] = [signatureOfLeaf(leaf, at(3)), signatureOfLeaf(leaf, at(4))];
    for (const asked of [
      [here, there],
      [there, here],
    ]) {
      const answers = await SignatureAnswers.verify(suite, [...crowd(), ...asked]);
      expect([here, there].map((claim) => answers.isValid(suite, claim))).toEqual([true, false]);
    }
  });
});

describe.each(backEnds)('the answer about a signature by $backEnd is not the answer about', (suite) => {
  it('the same leaf at another position, in another group, or without one [R7.2-11]', async () => {
    const leaf = placedLeaf(1, at(3));
    const answers = await SignatureAnswers.verify(suite, [...crowd(), signatureOfLeaf(leaf, at(3))]);
    const isValidAt = (position: LeafPosition | undefined): boolean =>
      answers.isValid(suite, signatureOfLeaf(leaf, position));
    expect(isValidAt(at(3))).toBe(true);
    expect(isValidAt(at(3, Uint8Array.from(GROUP_ID)))).toBe(true);
    for (const position of [
      at(4),
      at(2),
      at(3, Uint8Array.of(1, 2, 4)),
      at(3, Uint8Array.of(1, 2)),
      undefined,
    ]) {
      expect(isValidAt(position)).toBe(false);
    }
  });

  it('the same leaf at its true position, when it was asked for at a wrong one', async () => {
    const leaf = placedLeaf(1, at(3));
    const answers = await SignatureAnswers.verify(suite, [...crowd(), signatureOfLeaf(leaf, at(4))]);
    expect(answers.isValid(suite, signatureOfLeaf(leaf, at(4)))).toBe(false);
    expect(answers.isValid(suite, signatureOfLeaf(leaf, at(3)))).toBe(true);
  });

  it('another leaf or KeyPackage that looks like it', async () => {
    const leaf = placedLeaf(2, at(5));
    const keyPackage = keyPackageOfPerson(2);
    const answers = await SignatureAnswers.verify(suite, [
      ...crowd(),
      signatureOfLeaf(leaf, at(5)),
      signatureOfKeyPackage(keyPackage),
    ]);
    const forgedLeaf = { ...leaf, extensions: [{ extensionType: 0xf00d, extensionData: GROUP_ID }] };
    const forgedPackage = { ...keyPackage, extensions: forgedLeaf.extensions };
    expect(answers.isValid(suite, signatureOfLeaf({ ...leaf }, at(5)))).toBe(true);
    expect(answers.isValid(suite, signatureOfLeaf(forgedLeaf, at(5)))).toBe(false);
    expect(answers.isValid(suite, signatureOfKeyPackage({ ...keyPackage }))).toBe(true);
    expect(answers.isValid(suite, signatureOfKeyPackage(forgedPackage))).toBe(false);
  });

  it('a KeyPackage, when it is about its leaf, and the other way round', async () => {
    const keyPackage = keyPackageOfPerson(3);
    const badPackage = { ...keyPackage, signature: flipped(keyPackage.signature, 1) };
    const { leafNode } = badPackage;
    const answers = await SignatureAnswers.verify(suite, [
      ...crowd(),
      signatureOfLeaf(leafNode, undefined),
      signatureOfKeyPackage(badPackage),
    ]);
    expect(verifyLeafNode(suite1, leafNode)).toBe(true);
    expect(answers.isValid(suite, signatureOfLeaf(leafNode, undefined))).toBe(true);
    expect(answers.isValid(suite, signatureOfKeyPackage(badPackage))).toBe(false);
  });

  it('the same signature under another cipher suite', async () => {
    const others = [getCipherSuite(3), getCipherSuite(4), getCipherSuite(2)];
    const asked = crowd();
    const answers = await SignatureAnswers.verify(suite, asked);
    for (const other of others) {
      for (const claim of asked) {
        expect(verdict(() => answers.isValid(other, claim))).toBe(slowly(claim, other));
      }
    }
    expect(slowly(asked[0] ?? claimOfLeaf('none', 0, 0), others[1])).not.toBe('true');
  });
});
