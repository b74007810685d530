import type { MLSMessage } from '../../src/framing/message.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { LeafNodeSource } from '../../src/tree/leaf-node.ts';
import type { UpdatePath } from '../../src/tree/update-path.ts';
import { forgeCommit, forgePath, pathIn, resignLeaf, type Forgery } from '../forge.ts';
import { byReference, byValue, framedListing, framedPathless, removeLeaf } from '../rules/12.1-proposals.ts';
import { addOf, bytes, empty, joiner, lifetime, party, suite1, type Peer } from '../parties.ts';

/*
 * Commits that a group has to refuse, each with one fault, and the code it is refused with. Each can be framed as the
 * test likes it.
 */

/** Makes a commit that another member has to refuse. */
export type Forging = (alice: Peer, how: Forgery, carol: Peer) => Promise<MLSMessage> | MLSMessage;

/** A kind of commit that is refused: what is wrong, with which code it is refused, and how it is made. */
export type BadCommit = readonly [what: string, code: string, make: Forging];

const row = (what: string, code: string, make: Forging): BadCommit => [what, code, make];

/** Leaves a group without extensions. */
export const noExtensions: Proposal = {
  proposalType: ProposalType.groupContextExtensions,
  extensions: [],
};
const psk: Proposal = {
  proposalType: ProposalType.psk,
  psk: { pskType: 1, pskId: bytes('id'), pskNonce: new Uint8Array(32) },
};
/** Ends a group. */
export const reinit: Proposal = {
  proposalType: ProposalType.reinit,
  groupId: bytes('next'),
  version: 1,
  cipherSuite: 1,
  extensions: [],
};

const leafOf = ({ group }: Peer, leaf: number): Proposal => {
  const leafNode = group.state.tree.findLeaf(leaf);
  if (leafNode === undefined) throw new Error('a leaf expected');
  return { proposalType: ProposalType.update, leafNode };
};

const change =
  (make: (path: UpdatePath, alice: Peer) => UpdatePath): Forging =>
  (alice, how) =>
    forgePath(alice, (path) => make(path, alice), {}, how);

const changeLeaf = (make: (alice: Peer, path: UpdatePath) => Parameters<typeof resignLeaf>[2]): Forging =>
  change((path, alice) => ({ ...path, leafNode: resignLeaf(alice, path.leafNode, make(alice, path)) }));

/** Commits whose proposals are refused. */
export const badLists: readonly BadCommit[] = [
  row('that are referred to but unknown [R12.4-04]', 'UNKNOWN_PROPOSAL_REFERENCE', (alice, how) =>
    framedListing(alice, how, byReference(suite1.random(32))),
  ),
  row('that remove a blank leaf [R12.1.3-01]', 'UNKNOWN_LEAF', (alice, how) =>
    framedListing(alice, how, byValue(removeLeaf(3))),
  ),
  row('that remove a leaf outside of the tree [R12.1.3-01]', 'UNKNOWN_LEAF', (alice, how) =>
    framedListing(alice, how, byValue(removeLeaf(0xffff_ffff))),
  ),
  row('that update the committer by value [R12.2-03, R12.4-02]', 'INVALID_PROPOSAL_LIST', (alice, how) =>
    framedListing(alice, how, byValue(leafOf(alice, 0))),
  ),
  row('that remove the committer [R12.2-04]', 'INVALID_PROPOSAL_LIST', (alice, how) =>
    framedListing(alice, how, byValue(removeLeaf(0))),
  ),
  row('that remove one leaf twice [R12.2-05]', 'INVALID_PROPOSAL_LIST', (alice, how) =>
    framedListing(alice, how, byValue(removeLeaf(2)), byValue(removeLeaf(2))),
  ),
  row('that add one client twice [R12.2-07]', 'INVALID_PROPOSAL_LIST', (alice, how) => {
    const dave = party('dave');
    return framedListing(alice, how, byValue(addOf(joiner(dave))), byValue(addOf(joiner(dave))));
  }),
  row('that add somebody who is a member [R12.2-08, R7.3-15]', 'DUPLICATE_KEY', (alice, how, carol) =>
    framedListing(alice, how, byValue(addOf(joiner(carol.party)))),
  ),
  row('that name one PSK twice [R12.2-09]', 'INVALID_PROPOSAL_LIST', (alice, how) =>
    framedListing(alice, how, byValue(psk), byValue(psk)),
  ),
  row('that replace the extensions twice [R12.2-10]', 'INVALID_PROPOSAL_LIST', (alice, how) =>
    framedListing(alice, how, byValue(noExtensions), byValue(noExtensions)),
  ),
  row('that reinitialise and do more [R12.2-11]', 'INVALID_PROPOSAL_LIST', (alice, how) =>
    framedListing(alice, how, byValue(reinit), byValue(removeLeaf(2))),
  ),
  row('that reinitialise to an older version [R12.1.5-01]', 'INVALID_PROPOSAL', (alice, how) =>
    framedPathless(alice, how, byValue({ ...reinit, version: 0 })),
  ),
  row('that hold an ExternalInit of a member [R12.2-13, R12.1.6-01]', 'INVALID_PROPOSAL_LIST', (alice, how) =>
    framedListing(
      alice,
      how,
      byValue({ proposalType: ProposalType.externalInit, kemOutput: suite1.random(32) }),
    ),
  ),
  row('that name a PSK with a nonce of the wrong size [R8.4-02, R12.1.4-03]', 'INVALID_PSK', (alice, how) =>
    framedPathless(
      alice,
      how,
      byValue({
        proposalType: ProposalType.psk,
        psk: { pskType: 1, pskId: bytes('id'), pskNonce: new Uint8Array(31) },
      }),
    ),
  ),
  row(
    'that use a PSK for a reinitialisation that is none [R12.1.4-01, R11.2-04]',
    'INVALID_PSK',
    (alice, how) =>
      framedPathless(
        alice,
        how,
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
  row('that use a PSK for a branch that is none [R12.1.4-02, R11.3-06]', 'INVALID_PSK', (alice, how) =>
    framedPathless(
      alice,
      how,
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
  row('that are none, without a path [R12.4-10, R12.4.2-06]', 'PATH_REQUIRED', (alice, how) =>
    framedPathless(alice, how),
  ),
  row('that remove somebody, without a path [R12.4-11, R12.4.2-06]', 'PATH_REQUIRED', (alice, how) =>
    framedPathless(alice, how, byValue(removeLeaf(2))),
  ),
  row('that replace the extensions, without a path [R12.4-11, R12.4.2-06]', 'PATH_REQUIRED', (alice, how) =>
    framedPathless(alice, how, byValue(noExtensions)),
  ),
];

const someHash = new Uint8Array(32);

/** Commits whose path is refused. */
export const badPaths: readonly BadCommit[] = [
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
  row('whose ciphertexts are of another commit [R7.6-04, R12.4.2-11]', 'INVALID_PATH', async (alice, how) => {
    const { message, staged } = await alice.group.commit({
      forcePath: true,
      wireFormat: WireFormat.publicMessage,
    });
    alice.group.drop(staged);
    const other = pathIn(message);
    return forgePath(
      alice,
      (path) => ({
        ...path,
        nodes: path.nodes.map((node, at) => ({
          ...node,
          encryptedPathSecret: other.nodes[at]?.encryptedPathSecret ?? [],
        })),
      }),
      {},
      how,
    );
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
];

/** Commits that are refused for how they are framed, and for what comes out of them. */
export const badFrames: readonly BadCommit[] = [
  row('of an earlier epoch', 'WRONG_EPOCH', (alice, how) =>
    forgeCommit(alice, (commit) => commit, {}, { ...how, content: { epoch: 0n } }),
  ),
  row('of a later epoch', 'WRONG_EPOCH', (alice, how) =>
    forgeCommit(alice, (commit) => commit, {}, { ...how, content: { epoch: 2n } }),
  ),
  row('of another group', 'WRONG_GROUP', (alice, how) =>
    forgeCommit(alice, (commit) => commit, {}, { ...how, content: { groupId: bytes('another') } }),
  ),
  row('signed with the key of another member', 'INVALID_SIGNATURE', (alice, how, carol) => {
    const { signaturePrivateKey } = carol.group.state;
    return forgeCommit(alice, (commit) => commit, {}, { ...how, signaturePrivateKey });
  }),
  row('that mix in a key which nobody else has', 'PSK_NOT_AVAILABLE', (alice, how) =>
    framedListing(alice, how, byValue(psk)),
  ),
  row('whose tag does not confirm them', 'INVALID_CONFIRMATION_TAG', (alice, how) =>
    forgeCommit(alice, (commit) => commit, {}, { ...how, confirmationTag: suite1.random(32) }),
  ),
  row('that have no path and a wrong tag', 'INVALID_CONFIRMATION_TAG', (alice, how) =>
    framedPathless(alice, how, byValue(addOf(joiner(party('dave'))))),
  ),
];
