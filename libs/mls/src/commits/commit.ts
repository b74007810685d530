/**
 * Commits: what starts a new epoch (RFC 9420 §12.4).
 *
 * @module
 */

import { opaque, optional, select, struct, uint8, vector, type TypeOf } from '@canopy/codec';
import { Proposal } from '../proposals/proposal.ts';
import { UpdatePath } from '../tree/update-path.ts';

/** §12.4: whether a commit holds a proposal or points at one. */
export const ProposalOrRefType = { proposal: 1, reference: 2 } as const;

/** A proposal by value or by reference (RFC 9420 §12.4). */
export const ProposalOrRef = select('type', uint8, {
  [ProposalOrRefType.proposal]: struct({ proposal: Proposal }),
  [ProposalOrRefType.reference]: struct({ reference: opaque }),
});
/** A proposal by value or by reference (RFC 9420 §12.4). */
export type ProposalOrRef = TypeOf<typeof ProposalOrRef>;

/** The proposals that take effect and, mostly, new keys of the committer (RFC 9420 §12.4). */
export const Commit = struct({ proposals: vector(ProposalOrRef), path: optional(UpdatePath) });
/** The proposals that take effect and new keys of the committer (RFC 9420 §12.4). */
export type Commit = TypeOf<typeof Commit>;
