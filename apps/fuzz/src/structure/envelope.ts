/**
 * Messages on their way, with what the simulation knows about them.
 *
 * @module
 */

import type { LeafIndex } from '@canopy/mls';

/** What an envelope holds. */
export type EnvelopeKind = 'application' | 'proposal' | 'commit';

/** A message as it travels, with what only the simulation knows. */
export interface Envelope {
  readonly id: number;
  /** An encoded MLSMessage. */
  readonly bytes: Uint8Array;
  readonly kind: EnvelopeKind;
  readonly epoch: bigint;
  /** The name of the sending client. */
  readonly from: string;
  /** The sender's leaf; undefined for somebody outside of the group. */
  readonly leaf: LeafIndex | undefined;
  /** The generation of the sender's ratchet; undefined for a PublicMessage. */
  readonly generation: number | undefined;
  /** What an application message says. */
  readonly text: string;
  /** For a commit: the proposals that its sender knew, so that no other can be referred to. */
  readonly known: ReadonlySet<number>;
}

/** What the maker of a commit says that it does. */
export interface CommitOutcome {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** An encoded Welcome and, when it does not travel inside, the encoded tree. */
  readonly welcome: { readonly bytes: Uint8Array; readonly tree: Uint8Array | undefined } | undefined;
  /** The list has a resumption PSK, which nobody has who joins by the Welcome. */
  readonly needsResumptionPsk: boolean;
  readonly endsGroup: boolean;
  /** The name of a client that joined by this external Commit. */
  readonly joined: string | undefined;
}
