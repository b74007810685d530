import { randomBytes } from 'node:crypto';
import { getCipherSuite } from '@canopy/crypto';
import { LeafNodeSource } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keyPackageOf, newSignatureKey, startBench, type Bench, type Device } from '../bench.ts';
import { forge, type Forgery } from '../forged-key-package.ts';

let bench: Bench;
let alice: Device;

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device();
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

/** Publishes a KeyPackage that is good but for the forgery; it is attested in any case. */
async function publish(forgery: Forgery): Promise<unknown> {
  const signatureKeyPair = newSignatureKey();
  const good = await keyPackageOf(bench, alice.name, { signatureKeyPair });
  const keyPackage = forge(good, signatureKeyPair, forgery);
  const { results } = await alice.call('publishKeyPackages', {
    keyPackages: [{ keyPackage, lastResort: false }],
  });
  const result = results[0]?.result;
  return result?.$case === 'rejected' ? [result.value.reason, result.value.detail] : result?.$case;
}

const otherSuite = getCipherSuite(2);

const forgeries: readonly [string, string, Forgery][] = [
  [
    'INVALID_KEY_PACKAGE',
    'whose init key is the key of its leaf [R10.1-04]',
    { keyPackage: ({ leafNode }) => ({ initKey: leafNode.encryptionKey }) },
  ],
  [
    'INVALID_KEY',
    'whose init key is malformed [R10-02]',
    { keyPackage: () => ({ initKey: new Uint8Array(33) }) },
  ],
  ['INVALID_SIGNATURE', 'with a signature of nobody [R10.1-03]', { signature: randomBytes(64) }],
  [
    'INVALID_SIGNATURE',
    'whose leaf has a signature of nobody [R10.1-02]',
    { leafSignature: randomBytes(64) },
  ],
  [
    'LEAF_NODE_WRONG_SOURCE',
    'whose leaf is that of an Update [R10.1-02]',
    { leaf: { source: { leafNodeSource: LeafNodeSource.update } } },
  ],
  [
    'LEAF_NODE_WRONG_SOURCE',
    'whose leaf is that of a commit [R10.1-02]',
    { leaf: { source: { leafNodeSource: LeafNodeSource.commit, parentHash: new Uint8Array() } } },
  ],
  [
    'INVALID_KEY',
    'whose leaf has an encryption key of another suite [R10-05]',
    { leaf: { encryptionKey: otherSuite.hpke.generateKeyPair().publicKey } },
  ],
  ['UNSUPPORTED_VERSION', 'of another version [R10.1-01]', { keyPackage: () => ({ version: 2 }) }],
];

describe('a KeyPackage that its own client has forged', () => {
  it.each(forgeries)('is refused with %s: one %s', async (detail, _, forgery) => {
    expect(await publish(forgery)).toEqual(['KEY_PACKAGE_REJECTION_REASON_INVALID', detail]);
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
    // Signed anew without any change it is good: nothing but the change was refused.
    expect(await publish({})).toBe('stored');
  });
});
