import { describe, expect, it } from '@jest/globals';

import type { CommitShape, Shape } from '../../src/floor/floor.ts';
import { prepareFloor } from '../../src/floor/prepare-floor.ts';
import type { OperationName } from '../../src/operations.ts';
import { record, type Counts } from './counting.ts';
import { commitOfEight, commitOfTwo, eight, floored, two } from './shapes.ts';

/** One addition by value to a group of two, without a path: the tree grows to four leaves. */
const addition: CommitShape = { ...commitOfTwo, path: undefined, added: 1, changedNodes: 3 };
const tenReferences: CommitShape = { ...commitOfTwo, added: 10, references: 10, changedNodes: 20 };
const externalCommit: CommitShape = { ...commitOfTwo, changedNodes: 3 };
const founding: CommitShape = { ...addition, added: 2, changedNodes: 6 };

describe('the floor of a group of two', () => {
  // Each sum of HMACs: path or HPKE, then the message, then the key schedule (13) with the tag (1).
  it.each<[OperationName, Shape, Counts]>([
    ['key-package', two, { generateKeyPair: 2, sign: 2 }],
    ['protect-100', two, { sign: 1, hmac: 5, seal: 2 }],
    ['unprotect-100', two, { verify: 1, hmac: 5, open: 2 }],
    [
      'commit-create',
      two,
      { generateKeyPair: 1, derivePublicKey: 1, encapsulate: 1, seal: 3, sign: 2, hash: 5, hmac: 8 + 9 + 14 },
    ],
    [
      'commit-process-near',
      two,
      { derivePublicKey: 1, decapsulate: 1, open: 3, verify: 2, hash: 5, hmac: 8 + 9 + 14 },
    ],
    [
      'add-create',
      { ...two, commit: addition },
      {
        importSignatureKey: 1,
        verify: 2,
        importPublicKey: 1,
        encapsulate: 1,
        seal: 4,
        sign: 2,
        hash: 6,
        hmac: 3 + 4 + 9 + 14,
      },
    ],
    [
      'add-process',
      { ...two, commit: addition },
      { importSignatureKey: 1, verify: 3, open: 2, hash: 5, hmac: 9 + 14 },
    ],
    [
      'join',
      two,
      {
        decapsulate: 1,
        open: 2,
        derivePublicKey: 1,
        verify: 1 + 2,
        importSignatureKey: 2,
        hash: 5,
        hmac: 4 + 3 + 3 + 11 + 1,
      },
    ],
    [
      'commit-10-references-create',
      { ...two, commit: tenReferences },
      {
        generateKeyPair: 1,
        derivePublicKey: 1,
        importPublicKey: 10,
        encapsulate: 11,
        seal: 14,
        sign: 3,
        hash: 33,
        hmac: 8 + 5 + 14 + 3 + 31,
      },
    ],
    [
      'commit-10-references-process',
      { ...two, commit: tenReferences },
      { derivePublicKey: 1, decapsulate: 1, open: 3, verify: 2, hash: 23, hmac: 8 + 5 + 14 },
    ],
    [
      'external-join',
      { ...two, commit: externalCommit },
      {
        verify: 1 + 2,
        importSignatureKey: 2,
        importPublicKey: 2,
        encapsulate: 2,
        generateKeyPair: 1,
        derivePublicKey: 1,
        seal: 1,
        sign: 2,
        hash: 11,
        hmac: 3 + 8 + 14,
      },
    ],
    [
      'external-join-process',
      { ...two, commit: externalCommit },
      {
        importSignatureKey: 1,
        verify: 2,
        importPrivateKey: 1,
        decapsulate: 2,
        derivePublicKey: 1,
        open: 1,
        hash: 6,
        hmac: 5 + 8 + 14,
      },
    ],
  ])('executes for %s what the RFC demands', async (operation, shape, expected) => {
    const { counts } = await record(operation, shape);
    expect(counts).toEqual(expected);
  });

  it('has a first epoch too, when the group is made, and no way down a secret tree', async () => {
    const { counts } = await record('create-group', { ...two, members: 1, commit: founding });
    expect(counts).toEqual({
      generateKeyPair: 1,
      importSignatureKey: 2,
      verify: 4,
      importPublicKey: 2,
      encapsulate: 2,
      seal: 5,
      sign: 3,
      hash: 2 + 6 + 2 + 2,
      hmac: 5 + 7 + 14 + 3 + 7,
    });
  });
});

describe('the floor of a path of three nodes', () => {
  it('grows with nodes and ciphertexts for the committer', async () => {
    const { counts } = await record('commit-create', eight);
    expect(counts).toEqual({
      generateKeyPair: 1,
      derivePublicKey: 3,
      encapsulate: 4,
      seal: 6,
      sign: 2,
      hash: 3 + 4 + 2,
      hmac: 12 + 13 + 13 + 14,
    });
  });

  it.each([
    ['commit-process-near', 3],
    ['commit-process-far', 1],
  ] as const)('grows for %s with the nodes that the receiver derives: %i', async (operation, derived) => {
    const { counts } = await record(operation, { ...eight, commit: { ...commitOfEight, derived } });
    expect(counts).toEqual({
      derivePublicKey: derived,
      decapsulate: 1,
      open: 3,
      verify: 2,
      hash: 9,
      hmac: 13 + 4 + 4 * derived + 14,
    });
  });

  it('hashes each place of the tree once for a joiner, and what unmerged leaves demand', async () => {
    const tree = { leaves: 5, parents: 3, nodes: 15, derived: 2, originalHashes: 4 };
    const { counts } = await record('join', { ...eight, tree });
    expect(counts.hash).toBe(15 + 3 + 4 + 1);
    expect(counts.verify).toBe(1 + 5);
    expect(counts.derivePublicKey).toBe(2);
    expect(counts.hmac).toBe(4 + 3 + 1 + 2 * 3 + 11 + 1);
  });
});

describe('the inputs of a floor', () => {
  it('have the sizes of the shape', async () => {
    const { sizes } = await record('add-create', { ...two, commit: addition });
    expect(sizes.sign).toEqual([two.groupContextBytes + addition.bytes, two.groupInfoBytes]);
    expect(sizes.seal).toEqual([addition.bytes, 12, two.groupInfoBytes, 35]);
    expect(sizes.hash).toContain(two.keyPackageBytes);
  });

  it('are hashed once for all ciphertexts that have the same context', async () => {
    const groupInfoBytes = 50_000;
    const { sizes } = await record('create-group', { ...two, groupInfoBytes, commit: founding });
    expect(sizes.hmac.filter((size) => size > groupInfoBytes)).toHaveLength(1);
  });

  it('take a second block of the hash where a private key is longer than it', async () => {
    const { counts } = await record('commit-create', { ...two, suite: 5 });
    expect(counts.hmac).toBe(31 + 1);
  });
});

describe('signatures of many signers', () => {
  it('are verified 64 at once at most', async () => {
    const tree = { leaves: 200, parents: 0, nodes: 511, derived: 0, originalHashes: 0 };
    const { counts, mostInFlight } = await record('join', { ...two, tree });
    expect(counts).toMatchObject({ verifyOneOfMany: 200, importSignatureKey: 200, verify: 1 });
    expect(mostInFlight).toBe(64);
  });
});

describe('the floor on libsodium', () => {
  it.each(floored)('executes for %s the same primitives on inputs of the same sizes', async (operation) => {
    for (const suite of [1, 3]) {
      const onNode = await record(operation, { ...eight, suite }, 'node');
      const onSodium = await record(operation, { ...eight, suite }, 'sodium');
      expect(onSodium.counts).toEqual(onNode.counts);
      expect(onSodium.sizes).toEqual(onNode.sizes);
    }
  });

  it.each([2, 4, 5, 6, 7])('is none for suite %i, whose curves libsodium does not have', (suite) => {
    expect(() => prepareFloor('protect-100', { ...two, suite }, 'sodium')).toThrow(RangeError);
  });
});

describe('prepareFloor', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('gives floors that run in suite %i, again and again', async (suite) => {
    for (const operation of floored) {
      const shape = suite <= 3 ? eight : two;
      const run = prepareFloor(operation, { ...shape, suite }, 'node');
      await run?.();
      await run?.();
      expect(run).toBeDefined();
    }
  });

  it.each(['save-message', 'save-commit', 'load'] as const)('gives none for %s', (operation) => {
    expect(prepareFloor(operation, two, 'node')).toBeUndefined();
  });

  it('refuses a shape that lacks what the operation works on', () => {
    const { commit, tree, ...bare } = two;
    expect(() => prepareFloor('join', { ...bare, commit }, 'node')).toThrow('the shape of a tree expected');
    expect(() => prepareFloor('commit-create', { ...bare, tree }, 'node')).toThrow(
      'the shape of a commit expected',
    );
    const pathless = { ...two, commit: { ...commit, path: undefined } };
    expect(() => prepareFloor('external-join', pathless, 'node')).toThrow('the shape of a path expected');
  });

  it('refuses a suite that it does not know', () => {
    expect(() => prepareFloor('protect-100', { ...two, suite: 8 }, 'node')).toThrow(RangeError);
  });
});
