/**
 * A member's state as bytes, in two parts: what a commit changes, and the ratchets that every message moves.
 *
 * Both hold secrets: whoever stores them has to keep them as safe as the messages themselves.
 *
 * @module
 */

import {
  decode,
  encode,
  opaque,
  select,
  struct,
  uint16,
  uint32,
  uint64,
  uint8,
  vector,
  type Codec,
  type TypeOf,
} from '@canopy/codec';
import { getCipherSuite, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import { nodesOfTree, RatchetTreeNodes, treeFromNodes } from '../extensions/ratchet-tree.ts';
import { Sender } from '../framing/content.ts';
import { Proposal, ReInit } from '../proposals/proposal.ts';
import { GroupContext } from '../schedule/group-context.ts';
import { SecretTree, type SecretTreeState } from '../secret-tree/secret-tree.ts';
import { LeafIndexCodec, toNodeIndex, type NodeIndex } from '../tree/math.ts';
import type { GroupState, GroupStatus } from './state.ts';

const STATE_VERSION = 1;

const NodeIndexCodec: Codec<NodeIndex> = {
  write: (writer, value) => uint32.write(writer, value),
  read: (reader) => toNodeIndex(uint32.read(reader)),
};

const NodeSecret = struct({ node: NodeIndexCodec, secret: opaque });
const Secrets = struct({
  senderDataSecret: opaque,
  exporterSecret: opaque,
  externalSecret: opaque,
  confirmationKey: opaque,
  membershipKey: opaque,
  resumptionPsk: opaque,
  epochAuthenticator: opaque,
  initSecret: opaque,
});
const Status = select('code', uint8, {
  1: struct({}),
  2: struct({}),
  3: struct({ reinit: ReInit }),
});
const CachedProposal = struct({ reference: opaque, proposal: Proposal, sender: Sender });
const PendingUpdate = struct({
  reference: opaque,
  encryptionPrivateKey: opaque,
  signaturePrivateKey: opaque,
});
const PastEpoch = struct({
  groupContext: GroupContext,
  nodes: RatchetTreeNodes,
  senderDataSecret: opaque,
});
const ResumptionPsk = struct({ epoch: uint64, psk: opaque });

/** What a commit or a proposal changes. */
const StoredState = struct({
  version: uint8,
  cipherSuite: uint16,
  status: Status,
  groupContext: GroupContext,
  nodes: RatchetTreeNodes,
  ownLeafIndex: LeafIndexCodec,
  keys: vector(NodeSecret),
  signaturePrivateKey: opaque,
  secrets: Secrets,
  interimTranscriptHash: opaque,
  confirmationTag: opaque,
  proposals: vector(CachedProposal),
  pendingUpdates: vector(PendingUpdate),
  pastEpochs: vector(PastEpoch),
  resumptionPsks: vector(ResumptionPsk),
});

const StoredRatchet = struct({
  secret: opaque,
  generation: uint32,
  skipped: vector(struct({ generation: uint32, key: opaque, nonce: opaque })),
});
const StoredSecretTree = struct({
  leafCount: uint32,
  nodes: vector(NodeSecret),
  ratchets: vector(struct({ leaf: LeafIndexCodec, handshake: StoredRatchet, application: StoredRatchet })),
});
/** What every message changes: the secret tree of the current epoch, then those of the past ones. */
const StoredRatchets = struct({ version: uint8, epoch: uint64, trees: vector(StoredSecretTree) });

/** A state as it is stored. */
export interface EncodedState {
  readonly state: Uint8Array;
  readonly ratchets: Uint8Array;
}

/** Encodes what a commit or a proposal changes. */
export function encodeState(state: GroupState): Uint8Array {
  return encode(StoredState, {
    ...state,
    version: STATE_VERSION,
    cipherSuite: state.suite.id,
    status: storedStatus(state.status),
    nodes: nodesOfTree(state.tree),
    keys: Array.from(state.keys, ([node, secret]) => ({ node, secret })),
    pastEpochs: state.pastEpochs.map((past) => ({ ...past, nodes: nodesOfTree(past.tree) })),
  });
}

/** Encodes what every message changes: its size goes with the number of senders that were heard, not of members. */
export function encodeRatchets(state: GroupState): Uint8Array {
  const trees = [state, ...state.pastEpochs].map(({ secretTree }) => storedTree(secretTree.state));
  return encode(StoredRatchets, { version: STATE_VERSION, epoch: state.groupContext.epoch, trees });
}

function storedTree({ leafCount, nodes, ratchets }: SecretTreeState): TypeOf<typeof StoredSecretTree> {
  return {
    leafCount,
    nodes: nodes.map(([node, secret]) => ({ node, secret })),
    ratchets: ratchets.map(([leaf, kinds]) => ({ leaf, ...kinds })),
  };
}

function storedStatus(status: GroupStatus): TypeOf<typeof Status> {
  switch (status.kind) {
    case 'active':
      return { code: 1 };
    case 'removed':
      return { code: 2 };
    case 'reinitialized':
      return { code: 3, reinit: status.reinit };
  }
}

/**
 * Reads a stored state.
 *
 * @throws MlsError UNSUPPORTED_STATE_VERSION, INVALID_STATE when the two parts are not of one epoch; CodecError
 */
export function decodeState({ state: stateBytes, ratchets }: EncodedState): GroupState {
  requireVersion(stateBytes[0]);
  requireVersion(ratchets[0]);
  const stored = decode(StoredState, stateBytes);
  const { epoch, trees } = decode(StoredRatchets, ratchets);
  const [current, ...past] = trees;
  if (
    current === undefined ||
    epoch !== stored.groupContext.epoch ||
    past.length !== stored.pastEpochs.length
  ) {
    refuse('INVALID_STATE', '§9.2', 'state and ratchets are not of one epoch');
  }
  const suite = getCipherSuite(stored.cipherSuite);
  return {
    suite,
    groupContext: stored.groupContext,
    ownLeafIndex: stored.ownLeafIndex,
    signaturePrivateKey: stored.signaturePrivateKey,
    secrets: stored.secrets,
    interimTranscriptHash: stored.interimTranscriptHash,
    confirmationTag: stored.confirmationTag,
    proposals: stored.proposals,
    pendingUpdates: stored.pendingUpdates,
    resumptionPsks: stored.resumptionPsks,
    status: readStatus(stored.status),
    tree: treeFromNodes(stored.nodes),
    keys: new Map(stored.keys.map(({ node, secret }) => [node, secret])),
    secretTree: readTree(suite, current),
    pastEpochs: stored.pastEpochs.map(({ groupContext, nodes: pastNodes, senderDataSecret }, index) => ({
      groupContext,
      tree: treeFromNodes(pastNodes),
      senderDataSecret,
      secretTree: readTree(suite, past[index] ?? current),
    })),
  };
}

function requireVersion(version: number | undefined): void {
  if (version !== STATE_VERSION) {
    refuse('UNSUPPORTED_STATE_VERSION', '§9.2', `state version ${STATE_VERSION} expected, found ${version}`);
  }
}

function readStatus(status: TypeOf<typeof Status>): GroupStatus {
  switch (status.code) {
    case 1:
      return { kind: 'active' };
    case 2:
      return { kind: 'removed' };
    case 3:
      return { kind: 'reinitialized', reinit: status.reinit };
  }
}

function readTree(suite: CipherSuite, stored: TypeOf<typeof StoredSecretTree>): SecretTree {
  return new SecretTree(suite, {
    leafCount: stored.leafCount,
    nodes: stored.nodes.map(({ node, secret }) => [node, secret]),
    ratchets: stored.ratchets.map(({ leaf, ...kinds }) => [leaf, kinds]),
  });
}
