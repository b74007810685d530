import { describe, expect, it } from '@jest/globals';

import { decode, encode } from '@canopy/codec';

import type { Credential } from '../../src/credentials/credential.ts';
import { LeafNode, signLeafNode, verifyLeafNode, type LeafNodeContent } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { ParentNode } from '../../src/tree/parent-node.ts';
import { bytes, empty, keyPackageOf, party, suite1 } from '../parties.ts';

/*
 * The nodes of the tree byte by byte (RFC 9420 §7.1, §7.2), written out by hand in the order of the RFC.
 */

const uint = (value: number, size: number): number[] =>
  Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** (size - 1 - at)) % 256);
/** A vector that is shorter than 64 bytes, or than 16384. */
const vec = (...content: readonly number[]): number[] =>
  content.length < 64
    ? [content.length, ...content]
    : [0x40 + Math.floor(content.length / 256), content.length % 256, ...content];
const uint16s = (...values: readonly number[]): number[] => vec(...values.flatMap((value) => uint(value, 2)));

const encryptionKey = Uint8Array.of(1, 2, 3);
const signatureKey = Uint8Array.of(4, 5);
const credential: Credential = { credentialType: 1, identity: bytes('al') };
const capabilities = {
  versions: [1],
  cipherSuites: [1, 2],
  extensions: [0xf001],
  proposals: [0xf002, 0xf003],
  credentials: [1],
};
const extensions = [{ extensionType: 0xf001, extensionData: Uint8Array.of(9) }];
const signature = Uint8Array.of(8, 8, 8);

const beforeSource = [
  ...vec(1, 2, 3),
  ...vec(4, 5),
  ...uint(1, 2),
  ...vec(...bytes('al')),
  ...uint16s(1),
  ...uint16s(1, 2),
  ...uint16s(0xf001),
  ...uint16s(0xf002, 0xf003),
  ...uint16s(1),
];
const afterSource = vec(...uint(0xf001, 2), ...vec(9));

const sources = [
  {
    name: 'key_package',
    source: { leafNodeSource: 1, lifetime: { notBefore: 2n ** 33n, notAfter: 2n ** 33n + 7n } },
    written: [1, ...uint(2 ** 33, 8), ...uint(2 ** 33 + 7, 8)],
  },
  { name: 'update', source: { leafNodeSource: 2 }, written: [2] },
  { name: 'commit', source: { leafNodeSource: 3, parentHash: Uint8Array.of(6, 6) }, written: [3, 2, 6, 6] },
] as const;

describe('a node is written as the RFC lists its fields', () => {
  it('a parent: key, parent hash, unmerged leaves as 32-bit leaf indices [R7.1-02]', () => {
    const parentHash = Uint8Array.of(7);
    const unmergedLeaves = [3, 2 ** 32 - 2].map(toLeafIndex);
    const expected = [...vec(1, 2, 3), ...vec(7), ...vec(0, 0, 0, 3, 0xff, 0xff, 0xff, 0xfe)];
    const node = { encryptionKey, parentHash, unmergedLeaves };
    expect([...encode(ParentNode, node)]).toEqual(expected);
    expect(decode(ParentNode, Uint8Array.from(expected))).toEqual(node);
  });

  it.each(sources)('a leaf of the source $name [R7.2-01, R7.2-02]', ({ source, written }) => {
    const leaf = { encryptionKey, signatureKey, credential, capabilities, source, extensions, signature };
    const expected = [...beforeSource, ...written, ...afterSource, ...vec(8, 8, 8)];
    expect([...encode(LeafNode, leaf)]).toEqual(expected);
    expect(decode(LeafNode, Uint8Array.from(expected))).toEqual(leaf);
  });

  it.each([0, 4, 255])('no leaf of the source %i [R7.2-02]', (source) => {
    const written = [...beforeSource, source, ...afterSource, ...vec(8, 8, 8)];
    expect(() => decode(LeafNode, Uint8Array.from(written))).toThrow(
      expect.objectContaining({ name: 'CodecError' }),
    );
  });
});

describe('a leaf is signed', () => {
  const { publicKey, privateKey } = suite1.signature.generateKeyPair();
  const contentWith = (source: LeafNodeContent['source']): LeafNodeContent => ({
    encryptionKey,
    signatureKey: publicKey,
    credential,
    capabilities,
    source,
    extensions,
  });
  /** SignContent of §5.1.2 around LeafNodeTBS of §7.2. */
  const signedBytes = (written: readonly number[], position: readonly number[]): Uint8Array => {
    const before = [...vec(1, 2, 3), ...vec(...publicKey), ...beforeSource.slice(7)];
    const tbs = [...before, ...written, ...afterSource, ...position];
    return Uint8Array.from([...vec(...bytes('MLS 1.0 LeafNodeTBS')), ...vec(...tbs)]);
  };
  const groupId = bytes('group');
  const leafIndex = toLeafIndex(70_000);

  it.each(sources)(
    'of the source $name: with group and place unless it comes from a KeyPackage [R7.2-11]',
    ({ name, source, written }) => {
      const place = [...vec(...groupId), ...uint(70_000, 4)];
      const leaf = signLeafNode(suite1, contentWith(source), privateKey, { groupId, leafIndex });
      const expected = signedBytes(written, name === 'key_package' ? [] : place);
      expect(suite1.signature.verify(publicKey, expected, leaf.signature)).toBe(true);
      const unlike = signedBytes(written, name === 'key_package' ? place : []);
      expect(suite1.signature.verify(publicKey, unlike, leaf.signature)).toBe(false);
    },
  );

  it.each(sources)('anew for every change, of the source $name [R7.2-12]', ({ source }) => {
    const content = contentWith(source);
    const changes: Partial<LeafNodeContent>[] = [
      { encryptionKey: Uint8Array.of(1, 2, 4) },
      { signatureKey: suite1.signature.generateKeyPair().publicKey },
      { credential: { credentialType: 1, identity: bytes('bl') } },
      ...Object.keys(capabilities).map((list) => ({ capabilities: { ...capabilities, [list]: [7] } })),
      { source: { leafNodeSource: 3, parentHash: empty } },
      { extensions: [] },
    ];
    const position = { groupId, leafIndex };
    const leaf = signLeafNode(suite1, content, privateKey, position);
    expect(verifyLeafNode(suite1, leaf, position)).toBe(true);
    for (const change of changes) {
      expect(verifyLeafNode(suite1, { ...leaf, ...change }, position)).toBe(false);
      const changed = { ...content, ...change };
      const again = signLeafNode(suite1, changed, privateKey, position);
      const isOther = change.signatureKey !== undefined;
      expect(verifyLeafNode(suite1, again, position)).toBe(!isOther);
    }
  });

  it('so that the KeyPackage of one group is good in every other one [R7.2-11]', () => {
    const { leafNode } = keyPackageOf(party('alice')).keyPackage;
    for (const position of [undefined, { groupId, leafIndex }]) {
      expect(verifyLeafNode(suite1, leafNode, position)).toBe(true);
    }
  });
});
