/**
 * How the parts of a state look as bytes.
 *
 * @module
 */

import {
  opaque,
  optional,
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
import { refuse } from '../../errors.ts';
import { Node } from '../../extensions/ratchet-tree.ts';
import { Sender } from '../../framing/content.ts';
import { Proposal, ReInit } from '../../proposals/proposal.ts';
import { GroupContext } from '../../schedule/group-context.ts';
import { LeafIndexCodec, toNodeIndex, type NodeIndex } from '../../tree/math.ts';
import type { GroupState, GroupStatus } from '../state.ts';
import { STATE_VERSION } from './record.ts';

/** The position of a node. */
export const NodeIndexCodec: Codec<NodeIndex> = {
  write: (writer, value) => uint32.write(writer, value),
  read: (reader) => toNodeIndex(uint32.read(reader)),
};

/** Yes or no. */
export const flag: Codec<boolean> = {
  write: (writer, value) => uint8.write(writer, value ? 1 : 0),
  read: (reader) => uint8.read(reader) === 1,
};

/** The secrets of an epoch (RFC 9420 §8). */
export const StoredSecrets = struct({
  senderDataSecret: opaque,
  exporterSecret: opaque,
  externalSecret: opaque,
  confirmationKey: opaque,
  membershipKey: opaque,
  resumptionPsk: opaque,
  epochAuthenticator: opaque,
  initSecret: opaque,
});

/** Whether the group goes on. */
export const StoredStatus = select('code', uint8, {
  1: struct({}),
  2: struct({}),
  3: struct({ reinit: ReInit }),
});

/** A proposal that a commit can refer to. */
export const StoredProposal = struct({ reference: opaque, proposal: Proposal, sender: Sender });

/** The keys of an own Update. */
export const StoredUpdate = struct({
  reference: opaque,
  encryptionPrivateKey: opaque,
  signaturePrivateKey: opaque,
});

/** A place of the tree with the node that stands, or stood, there. */
export const StoredNodeChange = struct({ index: NodeIndexCodec, after: optional(Node) });

/** A past epoch, its tree as the difference to the next newer one. */
export const StoredPastEpoch = struct({
  groupContext: GroupContext,
  senderDataSecret: opaque,
  leafCount: uint32,
  undo: vector(StoredNodeChange),
});

/** The resumption PSK of a past epoch. */
export const StoredResumptionPsk = struct({ epoch: uint64, psk: opaque });

/** What is replaced as a whole when the epoch changes. */
export const StoredMeta = struct({
  version: uint8,
  cipherSuite: uint16,
  status: StoredStatus,
  groupContext: GroupContext,
  leafCount: uint32,
  ownLeafIndex: LeafIndexCodec,
  signaturePrivateKey: opaque,
  secrets: StoredSecrets,
  interimTranscriptHash: opaque,
  confirmationTag: opaque,
});

/** Gives what is replaced as a whole when the epoch changes. */
export function metaOf(state: GroupState): TypeOf<typeof StoredMeta> {
  return {
    ...state,
    version: STATE_VERSION,
    cipherSuite: state.suite.id,
    status: storedStatus(state.status),
    leafCount: state.tree.leafCount,
  };
}

function storedStatus(status: GroupStatus): TypeOf<typeof StoredStatus> {
  switch (status.kind) {
    case 'active':
      return { code: 1 };
    case 'removed':
      return { code: 2 };
    case 'reinitialized':
      return { code: 3, reinit: status.reinit };
  }
}

/** Reads whether the group goes on. */
export function readStatus(status: TypeOf<typeof StoredStatus>): GroupStatus {
  switch (status.code) {
    case 1:
      return { kind: 'active' };
    case 2:
      return { kind: 'removed' };
    case 3:
      return { kind: 'reinitialized', reinit: status.reinit };
  }
}

/** Requires a version that is understood. @throws MlsError UNSUPPORTED_STATE_VERSION */
export function requireVersion(found: number | undefined, expected: number = STATE_VERSION): void {
  if (found !== expected) {
    refuse('UNSUPPORTED_STATE_VERSION', '§9.2', `state version ${expected} expected, found ${found}`);
  }
}

/** Refuses a stored state that does not fit together. */
export function invalidState(what: string): never {
  refuse('INVALID_STATE', '§9.2', `the stored state does not fit together: ${what}`);
}
