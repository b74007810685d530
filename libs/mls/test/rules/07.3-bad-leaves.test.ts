import { describe, expect, it } from '@jest/globals';

import { CredentialType } from '../../src/registries.ts';
import { LeafNodeSource, signLeafNode, type LeafNodeContent } from '../../src/tree/leaf-node.ts';
import type { Lifetime } from '../../src/tree/lifetime.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { empty, lifetime, NOW, suite1 } from '../parties.ts';
import {
  committedAdd,
  committedUpdate,
  commitPath,
  createWorld,
  demanded,
  externalPath,
  externalTree,
  mark,
  ownCommit,
  ownProposal,
  receivedAdd,
  receivedUpdate,
  signed,
  welcomeTree,
  type Fault,
  type ForgedLeaf,
  type LeafKit,
  type Place,
} from './07.3-places.ts';

/*
 * Each way in which a leaf can be bad (RFC 9420 §7.3), in each place in which a client meets a leaf [R7.3-01]. The
 * leaf and all that carries it are signed anew: the rule that the title names is the only one that is broken.
 */

/** A leaf that is bad, why, and where: the requirement differs where another rule says the same of that place. */
interface BadLeaf extends Fault {
  readonly what: string;
  readonly ids?: string;
  readonly make: (kit: LeafKit) => ForgedLeaf;
  readonly places: readonly Place[];
  readonly elsewhere?: ReadonlyMap<Place, string>;
  readonly credentials?: readonly number[];
}

const adds = [ownProposal, ownCommit, receivedAdd, committedAdd];
const paths = [commitPath, externalPath];
const trees = [welcomeTree, externalTree];
/** Where a leaf can be judged by what it says itself. */
const everywhere = [...adds, receivedUpdate, ...paths, ...trees];
const notEntering = everywhere.filter((place) => place !== externalPath);
/** Where a leaf can be judged by the group that it is to be in. */
const inGroup = [ownCommit, committedAdd, committedUpdate, ...paths, ...trees];
/** Where a leaf is signed for its place in the group. */
const placed = [receivedUpdate, ...paths, ...trees];

const bad = (
  what: string,
  [code, requirement, ids]: readonly [code: string, requirement: string, ids?: string],
  places: readonly Place[],
  make: ((kit: LeafKit) => ForgedLeaf) | Partial<LeafNodeContent>,
): BadLeaf => ({
  what,
  code,
  requirement,
  ids: ids ?? requirement,
  places,
  make: typeof make === 'function' ? make : (kit) => signed(kit, make),
});

const without =
  (list: keyof LeafNodeContent['capabilities'], type: number) =>
  (kit: LeafKit): ForgedLeaf => {
    const { capabilities } = kit.content;
    const left = capabilities[list].filter((listed) => listed !== type);
    return signed(kit, { capabilities: { ...capabilities, [list]: left } });
  };

const lasting = (time: Lifetime): Partial<LeafNodeContent> => ({
  source: { leafNodeSource: LeafNodeSource.keyPackage, lifetime: time },
});

/** A leaf that is signed for a place, also where the true one is that of a KeyPackage. */
const forPlace = ({ content }: LeafKit): LeafNodeContent =>
  content.source.leafNodeSource === LeafNodeSource.keyPackage
    ? { ...content, source: { leafNodeSource: LeafNodeSource.update } }
    : content;

const flipped = (signature: Uint8Array): Uint8Array => signature.with(5, (signature[5] ?? 0) ^ 4);

const badSignatures = [
  bad('with a bit of its signature turned', ['INVALID_SIGNATURE', 'R7.3-03'], everywhere, (kit) => {
    const { leafNode, key } = signed(kit, {});
    return { leafNode: { ...leafNode, signature: flipped(leafNode.signature) }, key };
  }),
  bad('signed with another key', ['INVALID_SIGNATURE', 'R7.3-03'], everywhere, (kit) => {
    const { leafNode } = signed(kit, {}, suite1.signature.generateKeyPair().privateKey);
    return { leafNode, key: kit.key };
  }),
  bad('changed after it was signed', ['INVALID_SIGNATURE', 'R7.3-03', 'R7.2-12'], everywhere, (kit) => {
    const { leafNode, key } = signed(kit, {});
    const extensionType = demanded.extension;
    return { leafNode: { ...leafNode, extensions: [{ extensionType, extensionData: empty }] }, key };
  }),
  bad('signed for another leaf', ['INVALID_SIGNATURE', 'R7.3-03', 'R7.2-11, R7.3-03'], placed, (kit) => {
    const { position, key } = kit;
    if (position === undefined) throw new Error('a position expected');
    const other = { ...position, leafIndex: toLeafIndex(position.leafIndex + 1) };
    return { leafNode: signLeafNode(suite1, forPlace(kit), key, other), key };
  }),
  bad('signed for another group', ['INVALID_SIGNATURE', 'R7.3-03', 'R7.2-11, R7.3-03'], placed, (kit) => {
    const { position, key } = kit;
    if (position === undefined) throw new Error('a position expected');
    const other = { ...position, groupId: suite1.random(16) };
    return { leafNode: signLeafNode(suite1, forPlace(kit), key, other), key };
  }),
  bad('signed for no place', ['INVALID_SIGNATURE', 'R7.3-03', 'R7.2-11, R7.3-03'], placed, (kit) => ({
    leafNode: signLeafNode(suite1, forPlace(kit), kit.key),
    key: kit.key,
  })),
];

const badByThemselves: readonly BadLeaf[] = [
  bad('that the Authentication Service refuses', ['INVALID_CREDENTIAL', 'R7.3-02'], everywhere, {
    extensions: [mark],
  }),
  bad('with a malformed encryption key', ['INVALID_KEY', 'R5.1.1-01'], everywhere, {
    encryptionKey: new Uint8Array(31).fill(9),
  }),
  // The external Commit itself is verified with this key, so it never gets as far as the leaf.
  bad('with a malformed signature key', ['INVALID_KEY', 'R5.1.2-01'], notEntering, {
    signatureKey: new Uint8Array(33).fill(9),
  }),
  bad(
    'with an extension that it does not list',
    ['UNSUPPORTED_EXTENSION', 'R7.3-10', 'R7.2-05, R7.3-10'],
    everywhere,
    { extensions: [{ extensionType: 0xf00d, extensionData: empty }] },
  ),
  {
    ...bad(
      'that does not list its own credential type',
      ['UNSUPPORTED_CAPABILITY', 'R7.2-06'],
      everywhere,
      without('credentials', CredentialType.basic),
    ),
    // The others use the type too, so the first member of a tree notices.
    elsewhere: new Map(trees.map((place) => [place, 'R7.3-06'])),
  },
  bad(
    'that does not list the version',
    ['UNSUPPORTED_CAPABILITY', 'R7.3-18'],
    everywhere,
    without('versions', 1),
  ),
  bad(
    'that does not list the suite',
    ['UNSUPPORTED_CAPABILITY', 'R7.3-18'],
    everywhere,
    without('cipherSuites', 1),
  ),
];

const [own, received] = [
  [ownProposal, ownCommit],
  [receivedAdd, committedAdd, ...trees],
];
const over = lasting({ notBefore: NOW - 100n, notAfter: NOW - 1n });
const early = lasting({ notBefore: NOW + 1n, notAfter: NOW + 100n });

const badLifetimes = [
  bad('whose time is over', ['LEAF_NODE_EXPIRED', 'R7.3-08'], own, over),
  bad('whose time is over', ['LEAF_NODE_EXPIRED', 'R7.3-09'], received, over),
  bad('whose time has not come', ['LEAF_NODE_EXPIRED', 'R7.3-08'], own, early),
  bad('whose time has not come', ['LEAF_NODE_EXPIRED', 'R7.3-09'], received, early),
  bad(
    'whose time ends before it begins',
    ['LEAF_NODE_EXPIRED', 'R7.2-10'],
    [...own, ...received],
    lasting({ notBefore: NOW + 1n, notAfter: NOW - 1n }),
  ),
  bad(
    'whose time is a second too long',
    ['LEAF_NODE_LIFETIME_TOO_LONG', 'R7.2-09'],
    [...own, ...received],
    lasting({ notBefore: NOW, notAfter: NOW + 100n * 24n * 3600n + 1n }),
  ),
];

const asUpdate = { source: { leafNodeSource: LeafNodeSource.update } };
const asCommit = { source: { leafNodeSource: LeafNodeSource.commit, parentHash: empty } };
const asKeyPackage = { source: { leafNodeSource: LeafNodeSource.keyPackage, lifetime } };
const wrongSource = (requirement: string): readonly [string, string] => [
  'LEAF_NODE_WRONG_SOURCE',
  requirement,
];

const badSources = [
  bad('that is one of an Update', wrongSource('R7.3-11'), adds, asUpdate),
  bad('that is one of a commit', wrongSource('R7.3-11'), adds, asCommit),
  bad('that is one of a KeyPackage', wrongSource('R7.3-12'), [receivedUpdate], asKeyPackage),
  bad('that is one of a commit', wrongSource('R7.3-12'), [receivedUpdate], asCommit),
  bad('that is one of a KeyPackage', wrongSource('R7.3-14'), paths, asKeyPackage),
  bad('that is one of an Update', wrongSource('R7.3-14'), paths, asUpdate),
];

const x509 = { credentialType: CredentialType.x509, certificates: [{ certData: Uint8Array.of(1) }] };

const badInTheirGroup: readonly BadLeaf[] = [
  bad(
    'without a required extension type',
    ['UNSUPPORTED_CAPABILITY', 'R7.3-04'],
    inGroup,
    without('extensions', demanded.extension),
  ),
  bad(
    'without a required proposal type',
    ['UNSUPPORTED_CAPABILITY', 'R7.3-04'],
    inGroup,
    without('proposals', demanded.proposal),
  ),
  bad(
    'without a required credential type',
    ['UNSUPPORTED_CAPABILITY', 'R7.3-04'],
    inGroup,
    without('credentials', demanded.credential),
  ),
  bad(
    "without an extension type of the group's context",
    ['UNSUPPORTED_EXTENSION', 'R7.3-19'],
    inGroup,
    without('extensions', demanded.present),
  ),
  {
    ...bad(
      'whose credential type not all members list',
      ['UNSUPPORTED_CAPABILITY', 'R7.3-06'],
      inGroup,
      (kit) => {
        const { capabilities } = kit.content;
        const credentials = [...capabilities.credentials, CredentialType.x509];
        return signed(kit, { credential: x509, capabilities: { ...capabilities, credentials } });
      },
    ),
    // The joiner looks at the members from left to right: the first one does not list what this one uses.
    elsewhere: new Map(trees.map((place) => [place, 'R7.3-07'])),
  },
  {
    ...bad(
      'that does not list a credential type in use',
      ['UNSUPPORTED_CAPABILITY', 'R7.3-07'],
      inGroup,
      (kit) => {
        const credentials = [CredentialType.x509, demanded.credential];
        const capabilities = { ...kit.content.capabilities, credentials };
        return signed(kit, { credential: x509, capabilities });
      },
    ),
    elsewhere: new Map(trees.map((place) => [place, 'R7.3-06'])),
    credentials: [CredentialType.basic, CredentialType.x509],
  },
  bad(
    "with another member's signature key",
    ['DUPLICATE_KEY', 'R7.3-15', 'R7.3-15, R16.7-01'],
    inGroup,
    (kit) => {
      const { signatureKeyPair } = kit.world.carol.party.identity;
      return signed(kit, { signatureKey: signatureKeyPair.publicKey }, signatureKeyPair.privateKey);
    },
  ),
  {
    ...bad(
      "with another member's encryption key",
      ['DUPLICATE_KEY', 'R7.3-16', 'R7.3-16, R16.7-01'],
      inGroup,
      (kit) => {
        const encryptionKey = kit.world.carol.group.state.tree.findLeaf(2)?.encryptionKey ?? empty;
        return signed(kit, { encryptionKey });
      },
    ),
    elsewhere: new Map(paths.map((place) => [place, 'R12.4.2-09'])),
  },
];

const badReplacements = [
  bad('whose encryption key is the old one', ['LEAF_KEY_NOT_CHANGED', 'R7.3-13'], [receivedUpdate], (kit) =>
    signed(kit, { encryptionKey: kit.world.alice.group.state.tree.findLeaf(0)?.encryptionKey ?? empty }),
  ),
  bad('whose encryption key is the old one', ['LEAF_KEY_NOT_CHANGED', 'R7.3-13'], [commitPath], (kit) =>
    signed(kit, { encryptionKey: kit.world.alice.group.state.tree.findLeaf(0)?.encryptionKey ?? empty }),
  ),
];

/** What a place adds: a committer's leaf keeps the rules of an Update, a joiner validates every leaf. */
const ofPlace = new Map<Place, readonly string[]>([
  [commitPath, ['R7.5-01']],
  ...trees.map((place) => [place, ['R12.4.3.1-11']] as const),
]);

const rows = [
  ...badSignatures,
  ...badByThemselves,
  ...badLifetimes,
  ...badSources,
  ...badInTheirGroup,
  ...badReplacements,
].flatMap((leaf) =>
  leaf.places.map((place) => {
    const requirement = leaf.elsewhere?.get(place) ?? leaf.requirement;
    const ids = [leaf.ids, ...(leaf.places.length > 4 ? ['R7.3-01'] : []), ...(ofPlace.get(place) ?? [])];
    return { title: `${leaf.what}, in ${place.name} [${ids.join(', ')}]`, leaf, place, requirement };
  }),
);

describe('a leaf is refused, the state stays and the group goes on:', () => {
  it.each(rows)('$title', async ({ leaf: { code, make, credentials }, place, requirement }) => {
    const world = await createWorld(credentials);
    expect.hasAssertions();
    await place.refuses(make, { code, requirement }, world);
  });
});
