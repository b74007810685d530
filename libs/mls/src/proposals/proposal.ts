/**
 * Proposals: changes that a commit can put into effect (RFC 9420 §12.1).
 *
 * @module
 */

import { apart, opaque, select, struct, uint16, type TypeOf } from '@canopy/codec';
import { Extensions } from '../extensions/extension.ts';
import { KeyPackage } from '../key-packages/key-package.ts';
import { ProposalType } from '../registries.ts';
import { PreSharedKeyID } from '../schedule/psk.ts';
import { LeafNode } from '../tree/leaf-node.ts';
import { LeafIndexCodec } from '../tree/math.ts';

/** §12.1.1: adds a client. */
export const Add = struct({ keyPackage: KeyPackage });
/** §12.1.2: replaces the sender's leaf. */
export const Update = struct({ leafNode: apart(LeafNode) });
/** §12.1.3: removes a member. */
export const Remove = struct({ removed: LeafIndexCodec });
/** §12.1.4: mixes a pre-shared key into the next epoch. */
export const PreSharedKey = struct({ psk: PreSharedKeyID });
/** §12.1.5: ends the group in favour of a new one. */
export const ReInit = struct({
  groupId: opaque,
  version: uint16,
  cipherSuite: uint16,
  extensions: Extensions,
});
/** §12.1.5: ends the group in favour of a new one. */
export type ReInit = TypeOf<typeof ReInit>;
/** §12.1.6: lets somebody join by an external Commit. */
export const ExternalInit = struct({ kemOutput: opaque });
/** §12.1.7: replaces the extensions of the GroupContext. */
export const GroupContextExtensions = struct({ extensions: Extensions });

/** The bodies of the proposals by type. */
const proposalBodies = {
  [ProposalType.add]: Add,
  [ProposalType.update]: Update,
  [ProposalType.remove]: Remove,
  [ProposalType.psk]: PreSharedKey,
  [ProposalType.reinit]: ReInit,
  [ProposalType.externalInit]: ExternalInit,
  [ProposalType.groupContextExtensions]: GroupContextExtensions,
};

/** A proposal. An unknown type has no known length, so it does not decode (RFC 9420 §12.1, R12.1-03). */
export const Proposal = select('proposalType', uint16, proposalBodies);
/** A proposal (RFC 9420 §12.1). */
export type Proposal = TypeOf<typeof Proposal>;
/** A proposal of one type. */
export type ProposalOf<T extends Proposal['proposalType']> = Extract<Proposal, { readonly proposalType: T }>;

/** The name of a proposal type, for messages. */
export function proposalName(type: Proposal['proposalType']): string {
  return Object.entries(ProposalType).find(([, value]) => value === type)?.[0] ?? String(type);
}
