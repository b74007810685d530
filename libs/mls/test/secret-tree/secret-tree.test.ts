import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { expandWithLabel } from '@canopy/crypto';

import { HashRatchet, type Lookup, type RatchetLimits } from '../../src/secret-tree/hash-ratchet.ts';
import { SecretTree, type RatchetKind } from '../../src/secret-tree/secret-tree.ts';
import { isLeaf, leftOf, nodeOfLeaf, rightOf, rootOf, toLeafIndex } from '../../src/tree/math.ts';
import { empty, suite1 } from '../parties.ts';
import { isZero, recordingSuite, secretsInTree } from '../recording-suite.ts';

const LIMITS: RatchetLimits = { maximumForwardSteps: 20, maximumSkippedKeys: 1000 };
const ENCRYPTION_SECRET: Uint8Array = new Uint8Array(32).fill(42);
const size = suite1.kdf.size;

const expand = (secret: Uint8Array, label: string, context: Uint8Array, length: number): Uint8Array =>
  expandWithLabel(suite1, secret, { label, context, length });

const context = (generation: number): Uint8Array => Uint8Array.of(0, 0, generation >>> 8, generation);

/** A message key in the words of RFC 9420 §9 and §9.1: from the root each time, nothing kept, nothing deleted. */
function slowKey(
  leafCount: number,
  leaf: number,
  kind: RatchetKind,
  generation: number,
): { key: Uint8Array; nonce: Uint8Array } {
  let secret = ENCRYPTION_SECRET;
  let node = rootOf(leafCount);
  while (!isLeaf(node)) {
    const goesLeft = nodeOfLeaf(toLeafIndex(leaf)) < node;
    secret = expand(secret, 'tree', new TextEncoder().encode(goesLeft ? 'left' : 'right'), size);
    node = (goesLeft ? leftOf(node) : rightOf(node)) ?? node;
  }
  secret = expand(secret, kind, empty, size);
  for (let at = 0; at < generation; at++) secret = expand(secret, 'secret', context(at), size);
  return {
    key: expand(secret, 'key', context(generation), suite1.aead.keySize),
    nonce: expand(secret, 'nonce', context(generation), suite1.aead.nonceSize),
  };
}

const start = (leafCount: number): SecretTree =>
  SecretTree.start(suite1, Uint8Array.from(ENCRYPTION_SECRET), leafCount);

describe('the secret tree', () => {
  const requests = fc.array(
    fc.record({
      leaf: fc.nat({ max: 7 }),
      kind: fc.constantFrom<RatchetKind>('handshake', 'application'),
      generation: fc.nat({ max: 12 }),
      accept: fc.boolean(),
    }),
    { maxLength: 40 },
  );

  it('gives each key once, the one that the definition says, in any order [R9-01, R9-02, R9.1-01, R6.3.2-08]', () => {
    fc.assert(
      fc.property(requests, fc.constantFrom(8, 16), (asked, leafCount) => {
        const tree = start(leafCount);
        const used = new Set<string>();
        for (const { leaf, kind, generation, accept } of asked) {
          const lookUp = (): Lookup => tree.lookUp(toLeafIndex(leaf), kind, generation, LIMITS);
          const name = `${leaf} ${kind} ${generation}`;
          if (used.has(name)) {
            expect(lookUp).toThrow(expect.objectContaining({ code: 'GENERATION_CONSUMED' }));
            continue;
          }
          const lookup = lookUp();
          expect(lookup.messageKey).toEqual({ generation, ...slowKey(leafCount, leaf, kind, generation) });
          if (accept) used.add(name);
          if (accept) lookup.consume();
          else lookup.discard();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('goes on from its stored state as if it had never stopped', () => {
    fc.assert(
      fc.property(requests, (asked) => {
        let stopped = start(8);
        const running = start(8);
        for (const { leaf, kind, generation } of asked) {
          stopped = new SecretTree(suite1, structuredClone(stopped.state));
          const outcomes = [stopped, running].map((tree) => {
            try {
              const lookup = tree.lookUp(toLeafIndex(leaf), kind, generation, LIMITS);
              const key = structuredClone(lookup.messageKey);
              lookup.consume();
              return key;
            } catch {
              return 'refused';
            }
          });
          expect(outcomes[0]).toEqual(outcomes[1]);
        }
        expect(stopped.state).toEqual(running.state);
      }),
      { numRuns: 30 },
    );
  });

  it('is as it was when the first message of a sender turns out to be forged [R9.2-03, R6.3.2-07]', () => {
    const tree = start(8);
    tree.lookUp(toLeafIndex(5), 'application', 0, LIMITS).consume();
    const before = structuredClone(tree.state);
    const lookup = tree.lookUp(toLeafIndex(2), 'handshake', 3, LIMITS);
    expect(lookup.messageKey).toEqual({ generation: 3, ...slowKey(8, 2, 'handshake', 3) });
    lookup.discard();
    expect(() => tree.lookUp(toLeafIndex(2), 'application', LIMITS.maximumForwardSteps + 1, LIMITS)).toThrow(
      expect.objectContaining({ code: 'GENERATION_TOO_FAR' }),
    );
    expect(tree.state).toEqual(before);
  });

  it('wipes all that a lookup derived when it is discarded, and all that it replaces when it is consumed [R9.2-01]', () => {
    for (const isConsumed of [true, false]) {
      const { suite, secrets } = recordingSuite();
      const tree = SecretTree.start(suite, Uint8Array.from(ENCRYPTION_SECRET), 8);
      const lookup = tree.lookUp(toLeafIndex(3), 'application', 2, LIMITS);
      if (isConsumed) lookup.consume();
      else lookup.discard();
      const inUse = new Set(secretsInTree(tree));
      expect(secrets.size).toBeGreaterThan(10);
      expect([...secrets].filter((secret) => !isZero(secret) && !inUse.has(secret))).toEqual([]);
      expect([...inUse].filter(isZero)).toEqual([]);
    }
  });

  it('wipes all that a lookup derived when the generation is refused', () => {
    const { suite, secrets } = recordingSuite();
    const tree = SecretTree.start(suite, Uint8Array.from(ENCRYPTION_SECRET), 8);
    const tooFar = LIMITS.maximumForwardSteps + 1;
    expect(() => tree.lookUp(toLeafIndex(3), 'application', tooFar, LIMITS)).toThrow(
      expect.objectContaining({ code: 'GENERATION_TOO_FAR' }),
    );
    expect(secrets.size).toBeGreaterThan(6);
    expect([...secrets].filter((secret) => !isZero(secret))).toEqual([]);
  });

  it('goes on when two senders, heard for the first time, are looked up before either is consumed [R9-01]', () => {
    const tree = start(8);
    const [one, two] = [2, 3].map((leaf) => tree.lookUp(toLeafIndex(leaf), 'application', 1, LIMITS));
    one?.consume();
    two?.consume();
    const plain = start(8);
    for (const leaf of [2, 3]) plain.lookUp(toLeafIndex(leaf), 'application', 1, LIMITS).consume();
    expect(new Map(tree.state.nodes)).toEqual(new Map(plain.state.nodes));
    expect(tree.state.ratchets).toEqual(plain.state.ratchets);
  });

  it('stays empty when it was wiped between lookup and use', () => {
    const tree = start(8);
    const lookup = tree.lookUp(toLeafIndex(2), 'application', 0, LIMITS);
    tree.wipe();
    lookup.consume();
    expect(tree.state).toEqual({ leafCount: 8, nodes: [], ratchets: [] });
  });

  it('keeps no more secrets than the paths it was asked for need [R9.2-01]', () => {
    const tree = start(1024);
    tree.ratchet(toLeafIndex(600), 'application');
    expect(tree.state.nodes).toHaveLength(10);
    expect(tree.state.nodes.map(([node]) => node)).not.toContain(rootOf(1024));
  });

  it('is empty when it was wiped', () => {
    const tree = start(4);
    tree.ratchet(toLeafIndex(1), 'handshake').next();
    const { nodes } = tree.state;
    tree.wipe();
    expect(tree.state).toEqual({ leafCount: 4, nodes: [], ratchets: [] });
    expect(nodes.flatMap(([, secret]) => [...secret]).every((byte) => byte === 0)).toBe(true);
  });
});

describe('a hash ratchet', () => {
  it('sends and receives the same keys in the same order', () => {
    const sender = HashRatchet.start(suite1, new Uint8Array(32).fill(1));
    const receiver = HashRatchet.start(suite1, new Uint8Array(32).fill(1));
    for (let generation = 0; generation < 5; generation++) {
      const lookup = receiver.lookUp(generation, LIMITS);
      expect(lookup.messageKey).toEqual(sender.next());
      lookup.consume();
    }
  });

  it('ends before its counter does [R9.1-03, R15.3-04]', () => {
    const last = { secret: new Uint8Array(32).fill(1), generation: 0xffff_ffff, skipped: [] };
    const ratchet = new HashRatchet(suite1, last);
    expect(() => ratchet.next()).toThrow(expect.objectContaining({ code: 'RATCHET_EXHAUSTED' }));
    expect(() => ratchet.lookUp(0xffff_ffff, LIMITS)).toThrow(
      expect.objectContaining({ code: 'GENERATION_TOO_FAR' }),
    );
    const nearly = new HashRatchet(suite1, { ...last, generation: 0xffff_fffe });
    expect(nearly.next().generation).toBe(0xffff_fffe);
    expect(() => nearly.next()).toThrow(expect.objectContaining({ code: 'RATCHET_EXHAUSTED' }));
  });

  it('refuses a generation beyond its reach at once [R15.3-04]', () => {
    const ratchet = HashRatchet.start(suite1, new Uint8Array(32).fill(1));
    for (const generation of [LIMITS.maximumForwardSteps + 1, 2 ** 31, 0xffff_fffe]) {
      expect(() => ratchet.lookUp(generation, LIMITS)).toThrow(
        expect.objectContaining({ code: 'GENERATION_TOO_FAR' }),
      );
    }
    expect(ratchet.state.generation).toBe(0);
    ratchet.lookUp(LIMITS.maximumForwardSteps, LIMITS).discard();
  });

  it('keeps no skipped keys when the policy allows none [R15.3-03]', () => {
    const ratchet = HashRatchet.start(suite1, new Uint8Array(32).fill(1));
    ratchet.lookUp(3, { ...LIMITS, maximumSkippedKeys: 0 }).consume();
    expect(ratchet.state.skipped).toEqual([]);
    expect(() => ratchet.lookUp(2, LIMITS)).toThrow(expect.objectContaining({ code: 'GENERATION_CONSUMED' }));
  });
});
