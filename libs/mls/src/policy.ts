/**
 * What RFC 9420 leaves to the application, with defaults (§5.3.2, §7.2, §8.6, §12.1.8, §12.4, §12.4.3.2, §15).
 *
 * @module
 */

/**
 * §15.1: how the length of an encrypted message is hidden. Nothing is padded beyond `limit`, the longest message in
 * bytes that the transport carries (R15.1-01); a message that is too long by itself stays as long as it is.
 */
export type Padding =
  | { readonly kind: 'none' }
  /** To a multiple of `size` bytes. */
  | { readonly kind: 'block'; readonly size: number; readonly limit?: number }
  /** By at most an eighth, so that few lengths are left over however long messages get (Padmé). */
  | { readonly kind: 'padme'; readonly limit?: number };

/** An application's choices; the same for all of its groups. */
export interface Policy {
  /** §7.2: the longest lifetime of a KeyPackage's leaf, in seconds; undefined for no limit. */
  readonly maximumLifetime: bigint | undefined;
  /** §7.3: whether the lifetime of a received leaf is checked (R7.3-09). */
  readonly checkLifetimeOnReceive: boolean;
  /** Whether a received leaf has to list the group's cipher suite (R7.3-18, T-09). */
  readonly requireSuiteInCapabilities: boolean;
  /** §12.4.3.2: whether outsiders may join by an external Commit. */
  readonly allowExternalCommits: boolean;
  /** §12.4.3.2: whether such a joiner may put out an old leaf of its own in the same commit (resync). */
  readonly allowResync: boolean;
  /** §12.4.3.2: which joiners have to prove that they know a pre-shared key; a resync removes the joiner's own old leaf. */
  readonly pskInExternalCommits: 'optional' | 'requiredUnlessResync' | 'required';
  /** §12.1.8: whether outsiders may propose to be added (`new_member_proposal`). */
  readonly allowNewMemberProposals: boolean;
  /** §12.4: whether a member that knows valid proposals has to commit before it sends application data (R12.4-05). */
  readonly commitBeforeApplicationData: boolean;
  /** §15.3: how far ahead of a ratchet a received generation may be. */
  readonly maximumForwardSteps: number;
  /** §15.3: how many keys of skipped generations a ratchet keeps. */
  readonly maximumSkippedKeys: number;
  /** §15.3: how many past epochs stay readable. */
  readonly pastEpochs: number;
  /** §8.6: of how many past epochs the resumption PSK is kept. */
  readonly resumptionPsks: number;
  /** §15.1: how the length of an encrypted message is hidden. */
  readonly padding: Padding;
}

const DAY = 24n * 60n * 60n;

/** Defaults for an enterprise messenger. */
export const defaultPolicy: Policy = {
  maximumLifetime: 100n * DAY,
  checkLifetimeOnReceive: true,
  requireSuiteInCapabilities: true,
  allowExternalCommits: true,
  allowResync: true,
  pskInExternalCommits: 'optional',
  allowNewMemberProposals: false,
  commitBeforeApplicationData: true,
  maximumForwardSteps: 10_000,
  maximumSkippedKeys: 1_000,
  pastEpochs: 3,
  resumptionPsks: 5,
  padding: { kind: 'block', size: 32 },
};
