import { describe, expect, it } from '@jest/globals';

import type { Commit, ProposalOrRef } from '../../src/commits/commit.ts';
import { ContentType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { LeafNodeSource } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import type { UpdatePath } from '../../src/tree/update-path.ts';
import { forge, forgeCommit, forgePath, pathIn, publicOf, resignLeaf } from '../forge.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  follow,
  joiner,
  lifetime,
  openDoors,
  party,
  refusal,
  refusing,
  removeOf,
  restarted,
  snapshot,
  suite1,
  trio,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from './expect-refused.ts';

const byValue = (proposal: Proposal): ProposalOrRef => ({ type: 1, proposal });
const byReference = (reference: Uint8Array): ProposalOrRef => ({ type: 2, reference });
const remove = (leaf: number): Proposal => ({
  proposalType: ProposalType.remove,
  removed: toLeafIndex(leaf),
});
const noExtensions: Proposal = { proposalType: ProposalType.groupContextExtensions, extensions: [] };
const psk: Proposal = {
  proposalType: ProposalType.psk,
  psk: { pskType: 1, pskId: bytes('id'), pskNonce: new Uint8Array(32) },
};
const reinit: Proposal = {
  proposalType: ProposalType.reinit,
  groupId: bytes('next'),
  version: 1,
  cipherSuite: 1,
  extensions: [],
};

/** A commit with a true path, but with other proposals than were made for it. */
function listing(peer: Peer, ...proposals: readonly ProposalOrRef[]): Promise<MLSMessage> {
  return forgeCommit(peer, (commit) => ({ ...commit, proposals }), {
    forcePath: true,
    includeReceived: false,
  });
}

/** A commit without a path. */
function pathless(peer: Peer, ...proposals: readonly ProposalOrRef[]): MLSMessage {
  const commit: Commit = { proposals, path: undefined };
  return forge(peer, { contentType: ContentType.commit, commit });
}

type Case = (alice: Peer, bob: Peer, carol: Peer) => Promise<MLSMessage> | MLSMessage;
const row = (what: string, code: string, make: Case): [string, string, Case] => [what, code, make];

async function refusesAll(code: string, make: Case): Promise<void> {
  const [alice, bob, carol] = await acquainted();
  await expectRefused(bob, await make(alice, bob, carol), code);
  await expectGoesOn(alice, [alice, bob, carol]);
}

const leafOf = ({ group }: Peer, leaf: number): Proposal => {
  const leafNode = group.state.tree.findLeaf(leaf);
  if (leafNode === undefined) throw new Error('a leaf expected');
  return { proposalType: ProposalType.update, leafNode };
};

const change =
  (make: (path: UpdatePath, alice: Peer) => UpdatePath): Case =>
  (alice) =>
    forgePath(alice, (path) => make(path, alice));

describe('the proposals of a commit are refused', () => {
  it.each([
    row('that are referred to but unknown [R12.4-04]', 'UNKNOWN_PROPOSAL_REFERENCE', (alice) =>
      listing(alice, byReference(suite1.random(32))),
    ),
    row('that remove a blank leaf [R12.1.3-01]', 'UNKNOWN_LEAF', (alice) =>
      listing(alice, byValue(remove(3))),
    ),
    row('that remove a leaf outside of the tree [R12.1.3-01]', 'UNKNOWN_LEAF', (alice) =>
      listing(alice, byValue(remove(0xffff_ffff))),
    ),
    row('that update the committer by value [R12.2-03, R12.4-02]', 'INVALID_PROPOSAL_LIST', (alice) =>
      listing(alice, byValue(leafOf(alice, 0))),
    ),
    row('that remove the committer [R12.2-04]', 'INVALID_PROPOSAL_LIST', (alice) =>
      listing(alice, byValue(remove(0))),
    ),
    row('that remove one leaf twice [R12.2-05]', 'INVALID_PROPOSAL_LIST', (alice) =>
      listing(alice, byValue(remove(2)), byValue(remove(2))),
    ),
    row('that add one client twice [R12.2-07]', 'INVALID_PROPOSAL_LIST', (alice) => {
      const dave = party('dave');
      return listing(alice, byValue(addOf(joiner(dave))), byValue(addOf(joiner(dave))));
    }),
    row('that add somebody who is a member [R12.2-08, R7.3-15]', 'DUPLICATE_KEY', (alice, _bob, carol) =>
      listing(alice, byValue(addOf(joiner(carol.party)))),
    ),
    row('that name one PSK twice [R12.2-09]', 'INVALID_PROPOSAL_LIST', (alice) =>
      listing(alice, byValue(psk), byValue(psk)),
    ),
    row('that replace the extensions twice [R12.2-10]', 'INVALID_PROPOSAL_LIST', (alice) =>
      listing(alice, byValue(noExtensions), byValue(noExtensions)),
    ),
    row('that reinitialise and do more [R12.2-11]', 'INVALID_PROPOSAL_LIST', (alice) =>
      listing(alice, byValue(reinit), byValue(remove(2))),
    ),
    row('that reinitialise to an older version [R12.1.5-01]', 'INVALID_PROPOSAL', (alice) =>
      pathless(alice, byValue({ ...reinit, version: 0 })),
    ),
    row('that hold an ExternalInit of a member [R12.2-13, R12.1.6-01]', 'INVALID_PROPOSAL_LIST', (alice) =>
      listing(alice, byValue({ proposalType: ProposalType.externalInit, kemOutput: suite1.random(32) })),
    ),
    row('that name a PSK with a nonce of the wrong size [R8.4-02, R12.1.4-03]', 'INVALID_PSK', (alice) =>
      pathless(
        alice,
        byValue({
          proposalType: ProposalType.psk,
          psk: { pskType: 1, pskId: bytes('id'), pskNonce: new Uint8Array(31) },
        }),
      ),
    ),
    row('that use a PSK for a reinitialisation that is none [R12.1.4-01, R11.2-04]', 'INVALID_PSK', (alice) =>
      pathless(
        alice,
        byValue({
          proposalType: ProposalType.psk,
          psk: {
            pskType: 2,
            usage: 2,
            pskGroupId: alice.group.groupId,
            pskEpoch: 1n,
            pskNonce: new Uint8Array(32),
          },
        }),
      ),
    ),
    row('that use a PSK for a branch that is none [R12.1.4-02, R11.3-06]', 'INVALID_PSK', (alice) =>
      pathless(
        alice,
        byValue({
          proposalType: ProposalType.psk,
          psk: {
            pskType: 2,
            usage: 3,
            pskGroupId: alice.group.groupId,
            pskEpoch: 1n,
            pskNonce: new Uint8Array(32),
          },
        }),
      ),
    ),
    row('that are none, without a path [R12.4-10]', 'PATH_REQUIRED', (alice) => pathless(alice)),
    row('that remove somebody, without a path [R12.4-11]', 'PATH_REQUIRED', (alice) =>
      pathless(alice, byValue(remove(2))),
    ),
    row('that replace the extensions, without a path [R12.4-11]', 'PATH_REQUIRED', (alice) =>
      pathless(alice, byValue(noExtensions)),
    ),
  ])('%s', (_what, code, make) => refusesAll(code, make));

  it('that update the committer by reference, and when one reference stands twice [R12.2-03, R12.4-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    await announce(await alice.group.proposeUpdate(framing), bob, carol);
    await announce(await carol.group.propose(removeOf(bob), framing), alice, bob);
    const [own, other] = bob.group.state.proposals;
    if (own === undefined || other === undefined) throw new Error('two proposals expected');
    await expectRefused(bob, await listing(alice, byReference(own.reference)), 'INVALID_PROPOSAL_LIST');
    const twice = await listing(alice, byReference(other.reference), byReference(other.reference));
    await expectRefused(carol, twice, 'INVALID_PROPOSAL_LIST');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('that need an Update of another member, without a path [R12.4-11]', async () => {
    const [alice, bob, carol] = await acquainted();
    const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    await announce(await carol.group.proposeUpdate(framing), alice, bob);
    const reference = bob.group.state.proposals[0]?.reference ?? empty;
    await expectRefused(bob, pathless(alice, byReference(reference)), 'PATH_REQUIRED');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('the path of a commit is refused', () => {
  const changeLeaf = (make: (alice: Peer, path: UpdatePath) => Parameters<typeof resignLeaf>[2]): Case =>
    change((path, alice) => ({ ...path, leafNode: resignLeaf(alice, path.leafNode, make(alice, path)) }));
  const someHash = new Uint8Array(32);

  it.each([
    row(
      'that is too short [R7.6-01]',
      'INVALID_PATH',
      change((path) => ({ ...path, nodes: path.nodes.slice(1) })),
    ),
    row(
      'that is too long [R7.6-01]',
      'INVALID_PATH',
      change((path) => ({ ...path, nodes: [...path.nodes, ...path.nodes] })),
    ),
    row(
      'with a ciphertext too few [R7.6-02]',
      'INVALID_PATH',
      change((path) => ({
        ...path,
        nodes: path.nodes.map((node) => ({
          ...node,
          encryptedPathSecret: node.encryptedPathSecret.slice(1),
        })),
      })),
    ),
    row(
      'with a ciphertext too many [R7.6-02]',
      'INVALID_PATH',
      change((path) => ({
        ...path,
        nodes: path.nodes.map((node) => ({
          ...node,
          encryptedPathSecret: [...node.encryptedPathSecret, ...node.encryptedPathSecret],
        })),
      })),
    ),
    row(
      'in the wrong order [R7.5-04]',
      'PARENT_HASH_MISMATCH',
      change((path) => ({
        ...path,
        nodes: path.nodes.map((node, at) => ({
          ...node,
          encryptionKey: path.nodes[1 - at]?.encryptionKey ?? empty,
        })),
      })),
    ),
    row('whose ciphertexts are of another commit [R7.6-04, R12.4.2-11]', 'INVALID_PATH', async (alice) => {
      const { message, staged } = await alice.group.commit({
        forcePath: true,
        wireFormat: WireFormat.publicMessage,
      });
      alice.group.drop(staged);
      const other = pathIn(message);
      return forgePath(alice, (path) => ({
        ...path,
        nodes: path.nodes.map((node, at) => ({
          ...node,
          encryptedPathSecret: other.nodes[at]?.encryptedPathSecret ?? [],
        })),
      }));
    }),
    row(
      'with a parent hash of nothing [R7.9.2-05, R7.5-07]',
      'PARENT_HASH_MISMATCH',
      changeLeaf(() => ({ source: { leafNodeSource: LeafNodeSource.commit, parentHash: someHash } })),
    ),
    row(
      'whose leaf is one of an Update [R7.3-14, R12.4.2-07]',
      'LEAF_NODE_WRONG_SOURCE',
      changeLeaf(() => ({ source: { leafNodeSource: LeafNodeSource.update } })),
    ),
    row(
      'whose leaf is one of a KeyPackage [R7.3-14]',
      'LEAF_NODE_WRONG_SOURCE',
      changeLeaf(() => ({ source: { leafNodeSource: LeafNodeSource.keyPackage, lifetime } })),
    ),
    row(
      'whose leaf has the old key [R12.4.2-08, R7.5-01]',
      'LEAF_KEY_NOT_CHANGED',
      changeLeaf((alice) => ({ encryptionKey: alice.group.state.tree.findLeaf(0)?.encryptionKey ?? empty })),
    ),
    row(
      "whose leaf has another member's key [R12.4.2-09, R16.7-01]",
      'DUPLICATE_KEY',
      changeLeaf((alice) => ({ encryptionKey: alice.group.state.tree.findLeaf(2)?.encryptionKey ?? empty })),
    ),
    row(
      'whose leaf has the key of a path node [R12.4.2-10]',
      'DUPLICATE_KEY',
      changeLeaf((_alice, path) => ({ encryptionKey: path.nodes[0]?.encryptionKey ?? empty })),
    ),
    row(
      'of which a node has the key of a leaf [R12.4.2-09]',
      'DUPLICATE_KEY',
      change((path, alice) => ({
        ...path,
        nodes: path.nodes.map((node) => ({
          ...node,
          encryptionKey: alice.group.state.tree.findLeaf(1)?.encryptionKey ?? empty,
        })),
      })),
    ),
    row(
      'of which two nodes have one key [R12.4.2-10]',
      'DUPLICATE_KEY',
      change((path) => ({
        ...path,
        nodes: path.nodes.map((node) => ({ ...node, encryptionKey: path.nodes[0]?.encryptionKey ?? empty })),
      })),
    ),
    row(
      'of which a key is malformed [R5.1.1-01]',
      'INVALID_KEY',
      change((path) => ({
        ...path,
        nodes: path.nodes.map((node) => ({ ...node, encryptionKey: new Uint8Array(31) })),
      })),
    ),
    row(
      'whose leaf is signed for another place [R7.3-03, R7.2-11]',
      'INVALID_SIGNATURE',
      change((path) => ({ ...path, leafNode: { ...path.leafNode, signature: suite1.random(64) } })),
    ),
    row(
      'whose leaf does not list its own extension [R7.3-10]',
      'UNSUPPORTED_EXTENSION',
      changeLeaf(() => ({ extensions: [{ extensionType: 0xf00d, extensionData: empty }] })),
    ),
    row(
      'whose leaf does not support its own credential [R7.2-06]',
      'UNSUPPORTED_CAPABILITY',
      changeLeaf((_alice, path) => ({ capabilities: { ...path.leafNode.capabilities, credentials: [2] } })),
    ),
  ])('%s', (_what, code, make) => refusesAll(code, make));

  it('when its leaf is that of somebody who is not believed, or is no successor [R7.3-02, R5.3.1-07]', async () => {
    const [alice, bob, carol] = await acquainted();
    const strict = (...names: readonly string[]): Peer =>
      restarted({
        ...bob,
        party: { ...bob.party, options: { ...openDoors, identities: refusing(...names) } },
      });
    const { message } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    await expectRefused(strict('alice'), message, 'INVALID_CREDENTIAL');
    const renamed = party('mallory').identity;
    const { message: other } = await alice.group.commit({
      wireFormat: WireFormat.publicMessage,
      identity: renamed,
    });
    await expectRefused(strict(), other, 'INVALID_SUCCESSOR');
    await follow(bob, message);
    expect(carol.group.epoch).toBe(1n);
  });
});

describe('the outcome of a commit is refused', () => {
  it('when the tag does not confirm it, and the true commit is still followed [R12.4.2-12, R6.1-12, R12.4.2-13]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const { content, auth } = publicOf(message);
    const truth = auth.confirmationTag ?? empty;
    for (const tag of [truth.with(0, (truth[0] ?? 0) ^ 1), truth.subarray(1), empty]) {
      const forged = forge(alice, content.body, { confirmationTag: tag });
      await expectRefused(bob, forged, 'INVALID_CONFIRMATION_TAG');
    }
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
  });

  it('when it comes a second time [R8.1-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit();
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    await expectRefused(bob, message, 'WRONG_EPOCH');
    await commitBy(bob, [alice, bob, carol]);
  });
});

describe('a committer with a new identity', () => {
  it('is refused by its own Authentication Service before anybody hears of it [R5.3.1-05] [R5.3.1-07]', async () => {
    const [alice, bob] = await trio({ options: { identities: refusing('mallory') } });
    const before = snapshot(alice);
    const { identity } = party('mallory');
    await expect(alice.group.commit({ identity })).rejects.toThrow(refusal('INVALID_CREDENTIAL'));
    expect(snapshot(alice)).toBe(before);
    const renewed = party('alice').identity;
    const { message, staged } = await alice.group.commit({ identity: renewed });
    await follow(bob, message);
    alice.group.keep(staged);
    expect(bob.group.epochAuthenticator).toEqual(alice.group.epochAuthenticator);
  });
});
