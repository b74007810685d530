import { encryptWithLabel } from '@canopy/crypto';

import { provisionalContext } from '../../src/commits/epoch-inputs.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { ContentType } from '../../src/framing/content.ts';
import { applyProposals } from '../../src/proposals/apply-proposals.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { filteredDirectPath, recipientsOf, type PathStep } from '../../src/tree/filtered-direct-path.ts';
import { LeafNodeSource, signLeafNode, type LeafNode } from '../../src/tree/leaf-node.ts';
import type { LeafIndex } from '../../src/tree/math.ts';
import { pathNodes } from '../../src/tree/merge-path.ts';
import { nextPathSecret, nodeKeyPair } from '../../src/tree/path-secrets.ts';
import type { OccupiedSlot } from '../../src/tree/slot.ts';
import type { UpdatePath } from '../../src/tree/update-path.ts';
import { forge } from '../forge.ts';
import type { Peer } from '../parties.ts';
import { contentOfLeaf } from './07.3-places.ts';

/*
 * Commits whose path is made step by step, so that one step can be done wrong and all that follows be right: the
 * parent hashes fit the keys, the leaf is signed, the ciphertexts fit the tree. Only the tag is not the true one, so
 * a path that is right in everything is refused for its tag.
 */

/** A node of a path before it is encrypted. */
export interface PlannedNode {
  readonly step: PathStep;
  readonly encryptionKey: Uint8Array;
  readonly pathSecret: Uint8Array;
  readonly recipients: readonly Pick<OccupiedSlot, 'node'>[];
}

/** What is done wrong. */
export interface PathPlan {
  readonly proposals?: readonly Proposal[];
  /** Changes the nodes before the parent hashes are made from their keys. */
  readonly nodes?: (nodes: readonly PlannedNode[]) => readonly PlannedNode[];
  /** Changes the parent hash of the leaf before it is signed. */
  readonly leafParentHash?: (hash: Uint8Array) => Uint8Array;
  /** Changes the context that the path secrets are encrypted with. */
  readonly context?: (context: GroupContext) => GroupContext;
  /** Changes the path when it is done. */
  readonly path?: (path: UpdatePath) => UpdatePath;
}

function planned(peer: Peer, path: readonly PathStep[], newLeaves: ReadonlySet<LeafIndex>): PlannedNode[] {
  const { suite } = peer.group;
  let pathSecret = suite.random(suite.kdf.size);
  return path.map((step) => {
    const { publicKey: encryptionKey } = nodeKeyPair(suite, pathSecret);
    const node = { step, encryptionKey, pathSecret, recipients: recipientsOf(step, newLeaves) };
    pathSecret = nextPathSecret(suite, pathSecret);
    return node;
  });
}

function signPathLeaf({ group: { state, suite } }: Peer, parentHash: Uint8Array): LeafNode {
  const { tree, groupContext, ownLeafIndex: leafIndex, signaturePrivateKey } = state;
  const old = tree.findLeaf(leafIndex);
  if (old === undefined) throw new Error('a leaf expected');
  const { publicKey: encryptionKey } = suite.hpke.generateKeyPair();
  const source = { leafNodeSource: LeafNodeSource.commit, parentHash };
  const position = { groupId: groupContext.groupId, leafIndex };
  return signLeafNode(suite, { ...contentOfLeaf(old), encryptionKey, source }, signaturePrivateKey, position);
}

const honestly: Required<PathPlan> = {
  proposals: [],
  nodes: (nodes) => nodes,
  leafParentHash: (hash) => hash,
  context: (context) => context,
  path: (path) => path,
};

/** Makes a commit of the member with a path that is made as planned. */
export function forgePathOf(peer: Peer, how: PathPlan = {}): MLSMessage {
  const plan = { ...honestly, ...how };
  const { state, suite } = peer.group;
  const { tree, groupContext, ownLeafIndex: leafIndex } = state;
  const sender = { senderType: 1 as const, leafIndex };
  const list = plan.proposals.map((proposal) => ({ proposal, sender, reference: undefined }));
  const applied = applyProposals(list, { tree, groupContext });
  const newLeaves = new Set(applied.added.map(({ leafIndex: added }) => added));
  const path = filteredDirectPath(applied.tree, leafIndex);
  const honest = planned(peer, path, newLeaves);
  const chosen = plan.nodes(honest);
  const keys = chosen.map(({ encryptionKey }) => encryptionKey);
  const { nodes, leafParentHash } = pathNodes(suite, path, keys);
  const leafNode = signPathLeaf(peer, plan.leafParentHash(leafParentHash));
  const editor = applied.tree.edit();
  editor.replacePath(leafIndex, leafNode, nodes);
  const provisional = provisionalContext(suite, groupContext, {
    tree: editor.finish(),
    extensions: applied.extensions,
  });
  const context = GroupContext.bytesOf(plan.context(provisional));
  const made = { leafNode, nodes: chosen.map((node) => encryptNode(peer, node, context)) };
  const commit = {
    proposals: plan.proposals.map((proposal) => ({ type: 1 as const, proposal })),
    path: plan.path(made),
  };
  return forge(peer, { contentType: ContentType.commit, commit });
}

function encryptNode(
  { group: { suite } }: Peer,
  { encryptionKey, pathSecret: plaintext, recipients }: PlannedNode,
  context: Uint8Array,
): UpdatePath['nodes'][number] {
  const encryptedPathSecret = recipients.map(({ node }) =>
    encryptWithLabel(suite, node.encryptionKey, { label: 'UpdatePathNode', context, plaintext }),
  );
  return { encryptionKey, encryptedPathSecret };
}
