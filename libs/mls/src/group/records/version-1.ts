/**
 * States as version 1 stored them: two values, one that a commit replaced, and the ratchets that every message replaced.
 * They are read only; what is written has the present version.
 *
 * @module
 */

import { decode, opaque, struct, uint16, uint32, uint64, uint8, vector, type TypeOf } from '@canopy/codec';
import { getCipherSuite, type CipherSuite } from '@canopy/crypto';
import { RatchetTreeNodes, treeFromNodes } from '../../extensions/ratchet-tree.ts';
import { GroupContext } from '../../schedule/group-context.ts';
import { SecretTree } from '../../secret-tree/secret-tree.ts';
import { LeafIndexCodec } from '../../tree/math.ts';
import type { GroupState } from '../state.ts';
import {
  invalidState,
  NodeIndexCodec,
  readStatus,
  requireVersion,
  StoredProposal,
  StoredResumptionPsk,
  StoredSecrets,
  StoredStatus,
  StoredUpdate,
} from './stored-parts.ts';

/** A state as version 1 stored it. */
export interface StateOfVersion1 {
  readonly state: Uint8Array;
  readonly ratchets: Uint8Array;
}

const NodeSecret = struct({ node: NodeIndexCodec, secret: opaque });

const PastEpoch = struct({
  groupContext: GroupContext,
  nodes: RatchetTreeNodes,
  senderDataSecret: opaque,
});

const State = struct({
  version: uint8,
  cipherSuite: uint16,
  status: StoredStatus,
  groupContext: GroupContext,
  nodes: RatchetTreeNodes,
  ownLeafIndex: LeafIndexCodec,
  keys: vector(NodeSecret),
  signaturePrivateKey: opaque,
  secrets: StoredSecrets,
  interimTranscriptHash: opaque,
  confirmationTag: opaque,
  proposals: vector(StoredProposal),
  pendingUpdates: vector(StoredUpdate),
  pastEpochs: vector(PastEpoch),
  resumptionPsks: vector(StoredResumptionPsk),
});

const Ratchet = struct({
  secret: opaque,
  generation: uint32,
  skipped: vector(struct({ generation: uint32, key: opaque, nonce: opaque })),
});

const StoredSecretTree = struct({
  leafCount: uint32,
  nodes: vector(NodeSecret),
  ratchets: vector(struct({ leaf: LeafIndexCodec, handshake: Ratchet, application: Ratchet })),
});

const Ratchets = struct({ version: uint8, epoch: uint64, trees: vector(StoredSecretTree) });

/**
 * Reads a state of version 1.
 *
 * @throws MlsError UNSUPPORTED_STATE_VERSION, INVALID_STATE when the two values are not of one epoch; CodecError
 */
export function readStateOfVersion1({ state, ratchets }: StateOfVersion1): GroupState {
  requireVersion(state[0], 1);
  requireVersion(ratchets[0], 1);
  const { cipherSuite, status, nodes, keys, pastEpochs, ...rest } = decode(State, state);
  const { epoch, trees } = decode(Ratchets, ratchets);
  const [current, ...past] = trees;
  if (current === undefined || epoch !== rest.groupContext.epoch || past.length !== pastEpochs.length) {
    invalidState('state and ratchets are not of one epoch');
  }
  const suite = getCipherSuite(cipherSuite);
  return {
    suite,
    status: readStatus(status),
    groupContext: rest.groupContext,
    tree: treeFromNodes(nodes),
    ownLeafIndex: rest.ownLeafIndex,
    keys: new Map(keys.map(({ node, secret }) => [node, secret])),
    signaturePrivateKey: rest.signaturePrivateKey,
    secrets: rest.secrets,
    secretTree: readSecretTree(suite, current),
    interimTranscriptHash: rest.interimTranscriptHash,
    confirmationTag: rest.confirmationTag,
    proposals: rest.proposals,
    pendingUpdates: rest.pendingUpdates,
    pastEpochs: pastEpochs.map(({ groupContext, nodes: pastNodes, senderDataSecret }, index) => ({
      groupContext,
      tree: treeFromNodes(pastNodes),
      senderDataSecret,
      secretTree: readSecretTree(suite, past[index] ?? current),
    })),
    resumptionPsks: rest.resumptionPsks,
  };
}

function readSecretTree(suite: CipherSuite, stored: TypeOf<typeof StoredSecretTree>): SecretTree {
  return new SecretTree(suite, {
    leafCount: stored.leafCount,
    nodes: stored.nodes.map(({ node, secret }) => [node, secret]),
    ratchets: stored.ratchets.map(({ leaf, ...kinds }) => [leaf, kinds]),
  });
}
