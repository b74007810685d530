import { expect } from '@jest/globals';

import { signGroupInfo, type GroupInfoTBS } from '../../src/commits/group-info.ts';
import type { PresentedCredential } from '../../src/credentials/identity.ts';
import { createExtension } from '../../src/extensions/extension.ts';
import { RequiredCapabilities } from '../../src/extensions/required-capabilities.ts';
import type { RatchetTreeNodes } from '../../src/extensions/ratchet-tree.ts';
import { ContentType, SenderType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { protectPublic, signContent } from '../../src/framing/protect.ts';
import { signKeyPackage, type KeyPackage } from '../../src/key-packages/key-package.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ExtensionType, ProposalType, WireFormat } from '../../src/registries.ts';
import {
  LeafNodeSource,
  signLeafNode,
  type LeafNode,
  type LeafNodeContent,
  type LeafPosition,
} from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { commitIn, forge, forgePath, pathIn, publicOf } from '../forge.ts';
import { enter, invitation } from '../outsider.ts';
import {
  acceptAll,
  announce,
  commitBy,
  empty,
  expectAgreement,
  follow,
  found,
  join,
  joiner,
  keyPackageOf,
  party,
  snapshot,
  suite1,
  type Joiner,
  type Party,
  type Peer,
} from '../parties.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { asMessage, forgeWelcome, inviteTo, withNodes } from '../refusal/forge-welcome.ts';

/*
 * The places in which a client meets a leaf (RFC 9420 §7.3), each with a way to put any leaf there: whatever carries
 * the leaf is signed, tagged, hashed and encrypted as it should be.
 */

/** What a forger of leaves has: a true leaf of its own for the place, and all that it takes to sign another one. */
export interface LeafKit {
  readonly content: LeafNodeContent;
  readonly key: Uint8Array;
  readonly position: LeafPosition | undefined;
  readonly world: World;
}

/** A leaf, and the key that signs what carries it. */
export interface ForgedLeaf {
  readonly leafNode: LeafNode;
  readonly key: Uint8Array;
}

/** Three members in a tree without any parent, so that a leaf can be exchanged and nothing else is wrong. */
export interface World {
  readonly alice: Peer;
  readonly bob: Peer;
  readonly carol: Peer;
  readonly dave: Joiner;
}

/** The error that is expected. */
export interface Fault {
  readonly code: string;
  readonly requirement: string;
}

/** A place, by name. */
export interface Place {
  readonly name: string;
  readonly refuses: (make: (kit: LeafKit) => ForgedLeaf, fault: Fault, world: World) => Promise<void>;
}

/** Code points that every member of a world supports and its group asks for. */
export const demanded = { extension: 0xf001, present: 0xf002, proposal: 0xf003, credential: 0xf004 };

/** An application_id by which the Authentication Service of a world knows whom to refuse. */
export const mark = { extensionType: ExtensionType.applicationId, extensionData: Uint8Array.of(7, 7) };

const isMarked = ({ extensions }: PresentedCredential): boolean =>
  extensions.some(({ extensionType }) => extensionType === mark.extensionType);

const wary = {
  ...acceptAll,
  validateCredential: (presented: PresentedCredential) =>
    Promise.resolve(
      isMarked(presented) ? { valid: false as const, reason: 'marked' } : { valid: true as const },
    ),
};

/** Makes a client of a world. */
export function inhabitant(name: string, credentials: readonly number[]): Party {
  return party(name, {
    capabilities: {
      extensions: [demanded.extension, demanded.present],
      proposals: [demanded.proposal],
      credentials: [...credentials, demanded.credential],
    },
    options: { identities: wary },
  });
}

/** Makes a world whose members list the given credential types. */
export async function createWorld(credentials: readonly number[] = [1]): Promise<World> {
  const required = createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
    extensionTypes: [demanded.extension],
    proposalTypes: [demanded.proposal],
    credentialTypes: [demanded.credential],
  });
  const present = { extensionType: demanded.present, extensionData: empty };
  const founder = await found(inhabitant('alice', credentials), { extensions: [required, present] });
  const others = ['bob', 'carol'].map((name) => joiner(inhabitant(name, credentials)));
  const [alice, bob, carol] = await commitBy(founder, [founder], {}, others);
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
  return { alice, bob, carol, dave: joiner(inhabitant('dave', credentials)) };
}

/** Gives the part of a leaf that is signed. */
export function contentOfLeaf(leaf: LeafNode): LeafNodeContent {
  const { encryptionKey, signatureKey, credential, capabilities, source, extensions } = leaf;
  return { encryptionKey, signatureKey, credential, capabilities, source, extensions };
}

/** Signs a leaf as its source demands; one for a KeyPackage that has another source is signed for no group. */
export function signed(
  { content, key, position }: LeafKit,
  change: Partial<LeafNodeContent>,
  otherKey?: Uint8Array,
): ForgedLeaf {
  const leaf = { ...content, ...change };
  const anywhere = position ?? { groupId: empty, leafIndex: toLeafIndex(0) };
  const where = leaf.source.leafNodeSource === LeafNodeSource.keyPackage ? undefined : anywhere;
  return { leafNode: signLeafNode(suite1, leaf, otherKey ?? key, where), key: otherKey ?? key };
}

const positionIn = ({ group }: Peer, leaf: number): LeafPosition => ({
  groupId: group.groupId,
  leafIndex: toLeafIndex(leaf),
});

function badKeyPackage(make: (kit: LeafKit) => ForgedLeaf, world: World): KeyPackage {
  const own = keyPackageOf(world.dave.party).keyPackage;
  const { privateKey: key } = world.dave.party.identity.signatureKeyPair;
  const made = make({ content: contentOfLeaf(own.leafNode), key, position: undefined, world });
  const { version, cipherSuite, initKey, extensions } = own;
  return signKeyPackage(
    suite1,
    { version, cipherSuite, initKey, extensions, leafNode: made.leafNode },
    made.key,
  );
}

const badAdd = (make: (kit: LeafKit) => ForgedLeaf, world: World): Proposal => ({
  proposalType: ProposalType.add,
  keyPackage: badKeyPackage(make, world),
});

const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };

async function expectLocal(peer: Peer, act: () => Promise<unknown>, fault: Fault): Promise<void> {
  const before = snapshot(peer);
  await expect(act()).rejects.toMatchObject({ name: 'MlsError', ...fault });
  expect(snapshot(peer)).toBe(before);
}

/** An Add that the client itself makes: refused before anybody hears of it. */
export const ownProposal: Place = {
  name: 'the KeyPackage of an own Add',
  async refuses(make, fault, world) {
    const { alice, bob, carol } = world;
    const add = badAdd(make, world);
    await expectLocal(alice, () => alice.group.propose(add, framing), fault);
    await expectGoesOn(alice, [alice, bob, carol]);
  },
};

/** A commit of the client itself with an Add by value. */
export const ownCommit: Place = {
  name: 'an Add in an own commit',
  async refuses(make, fault, world) {
    const { alice, bob, carol } = world;
    const add = badAdd(make, world);
    await expectLocal(alice, () => alice.group.commit({ proposals: [add] }), fault);
    await expectGoesOn(alice, [alice, bob, carol]);
  },
};

/** An Add of another member: refused and not cached. */
export const receivedAdd: Place = {
  name: 'a received Add',
  async refuses(make, fault, world) {
    const { alice, bob, carol } = world;
    const message = forge(alice, { contentType: ContentType.proposal, proposal: badAdd(make, world) });
    await expectRefused(bob, message, fault.code, fault.requirement);
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, [alice, bob, carol]);
  },
};

/** A commit of another member with an Add by value. */
export const committedAdd: Place = {
  name: 'an Add in a received commit',
  async refuses(make, fault, world) {
    const { alice, bob, carol } = world;
    const proposals = [{ type: 1 as const, proposal: badAdd(make, world) }];
    const commit = { proposals, path: undefined };
    const message = forge(alice, { contentType: ContentType.commit, commit });
    await expectRefused(bob, message, fault.code, fault.requirement);
    await expectGoesOn(alice, [alice, bob, carol]);
  },
};

function badUpdate(make: (kit: LeafKit) => ForgedLeaf, world: World): MLSMessage {
  const { alice } = world;
  const old = alice.group.state.tree.findLeaf(0);
  if (old === undefined) throw new Error('a leaf expected');
  const { publicKey: encryptionKey } = suite1.hpke.generateKeyPair();
  const source = { leafNodeSource: LeafNodeSource.update };
  const { signaturePrivateKey: key } = alice.group.state;
  const content = { ...contentOfLeaf(old), encryptionKey, source };
  const { leafNode } = make({ content, key, position: positionIn(alice, 0), world });
  return forge(alice, {
    contentType: ContentType.proposal,
    proposal: { proposalType: ProposalType.update, leafNode },
  });
}

/** An Update of another member: refused and not cached. */
export const receivedUpdate: Place = {
  name: 'a received Update',
  async refuses(make, fault, world) {
    const { alice, bob, carol } = world;
    await expectRefused(bob, badUpdate(make, world), fault.code, fault.requirement);
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, [alice, bob, carol]);
  },
};

/** An Update that is good by itself, in a commit whose outcome it does not fit into. */
export const committedUpdate: Place = {
  name: 'an Update in a received commit',
  async refuses(make, fault, world) {
    const { alice, bob, carol } = world;
    await announce(badUpdate(make, world), bob, carol);
    const reference = bob.group.state.proposals[0]?.reference;
    if (reference === undefined) throw new Error('a cached proposal expected');
    const { message, staged } = await carol.group.commit({
      includeReceived: false,
      forcePath: true,
      wireFormat: WireFormat.publicMessage,
    });
    carol.group.drop(staged);
    const commit = { proposals: [{ type: 2 as const, reference }], path: pathIn(message) };
    const forged = forge(carol, { contentType: ContentType.commit, commit });
    await expectRefused(bob, forged, fault.code, fault.requirement);
    await expectGoesOn(alice, [alice, bob, carol]);
  },
};

/** The committer's new leaf in a commit of another member. */
export const commitPath: Place = {
  name: 'the path of a commit',
  async refuses(make, fault, world) {
    const { alice, bob, carol } = world;
    const { signaturePrivateKey: key } = alice.group.state;
    const position = positionIn(alice, 0);
    const message = await forgePath(alice, (path) => {
      const { leafNode } = make({ content: contentOfLeaf(path.leafNode), key, position, world });
      return { ...path, leafNode };
    });
    await expectRefused(bob, message, fault.code, fault.requirement);
    await expectGoesOn(alice, [alice, bob, carol]);
  },
};

/** The leaf that somebody takes by an external Commit. */
export const externalPath: Place = {
  name: 'the path of an external Commit',
  async refuses(make, fault, world) {
    const { alice, bob, carol, dave } = world;
    const { message } = await enter(dave.party, alice);
    const { content, auth } = publicOf(message);
    const path = pathIn(message);
    const { privateKey } = dave.party.identity.signatureKeyPair;
    const kit = { content: contentOfLeaf(path.leafNode), key: privateKey, position: positionIn(alice, 3) };
    const { leafNode, key } = make({ ...kit, world });
    const commit = { ...commitIn(message), path: { ...path, leafNode } };
    const { groupContext } = alice.group.state;
    const keys = { suite: suite1, groupContext, membershipKey: empty };
    const forged = {
      ...content,
      sender: { senderType: SenderType.newMemberCommit },
      body: { contentType: ContentType.commit, commit },
    };
    const signature = signContent(keys, WireFormat.publicMessage, forged, key);
    const { confirmationTag } = auth;
    const outside = protectPublic(keys, { content: forged, auth: { signature, confirmationTag } });
    await expectRefused(bob, outside, fault.code, fault.requirement);
    await expectGoesOn(alice, [alice, bob, carol]);
  },
};

/** Bob's leaf in a tree whose hash is right; no parent is in it that could tell. */
function withBadLeaf(make: (kit: LeafKit) => ForgedLeaf, world: World): (info: GroupInfoTBS) => GroupInfoTBS {
  const { bob } = world;
  const { signaturePrivateKey: key } = bob.group.state;
  return (info) =>
    withNodes(info, (nodes: RatchetTreeNodes) => {
      const node = nodes[2];
      if (node?.nodeType !== 1) throw new Error('a leaf expected');
      const kit = { content: contentOfLeaf(node.leafNode), key, position: positionIn(bob, 1), world };
      return nodes.with(2, { nodeType: 1, leafNode: make(kit).leafNode });
    });
}

/** A member's leaf in the tree of a Welcome. */
export const welcomeTree: Place = {
  name: 'the tree of a Welcome',
  async refuses(make, fault, world) {
    const { alice, dave } = world;
    const invited = await inviteTo(alice, dave);
    const forged = forgeWelcome(invited, { groupInfo: withBadLeaf(make, world) });
    await expect(join(dave, forged)).rejects.toMatchObject({ name: 'MlsError', ...fault });
    expectAgreement([alice, await join(dave, asMessage(invited.welcome))]);
  },
};

/** A member's leaf in the tree that somebody is about to join by an external Commit. */
export const externalTree: Place = {
  name: 'the tree for an external Commit',
  async refuses(make, fault, world) {
    const { alice, bob, carol, dave } = world;
    const { groupContext, extensions, confirmationTag, signer } = invitation(alice);
    const info = withBadLeaf(make, world)({ groupContext, extensions, confirmationTag, signer });
    const groupInfo = signGroupInfo(suite1, info, alice.group.state.signaturePrivateKey);
    const attempt = enter(dave.party, alice, { groupInfo });
    await expect(attempt).rejects.toMatchObject({ name: 'MlsError', ...fault });
    const { peer, message } = await enter(dave.party, alice);
    for (const member of [alice, bob, carol]) await follow(member, message);
    expectAgreement([alice, bob, carol, peer]);
  },
};
