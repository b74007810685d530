/**
 * What RFC 9420 leaves to the application, with defaults (§5.3.2, §7.2, §8.6, §12.4.3.2, §15).
 *
 * @module
 */

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
  /** §12.1.8: whether outsiders may propose to be added (`new_member_proposal`). */
  readonly allowNewMemberProposals: boolean;
  /** §15.3: how far ahead of a ratchet a received generation may be. */
  readonly maximumForwardSteps: number;
  /** §15.3: how many keys of skipped generations a ratchet keeps. */
  readonly maximumSkippedKeys: number;
  /** §15.3: how many past epochs stay readable. */
  readonly pastEpochs: number;
  /** §8.6: of how many past epochs the resumption PSK is kept. */
  readonly resumptionPsks: number;
  /** §15.1: messages are padded to a multiple of this many bytes; 1 for no padding. */
  readonly paddingBlock: number;
}

const DAY = 24n * 60n * 60n;

/** Defaults for an enterprise messenger. */
export const defaultPolicy: Policy = {
  maximumLifetime: 100n * DAY,
  checkLifetimeOnReceive: true,
  requireSuiteInCapabilities: true,
  allowExternalCommits: true,
  allowNewMemberProposals: false,
  maximumForwardSteps: 10_000,
  maximumSkippedKeys: 1_000,
  pastEpochs: 3,
  resumptionPsks: 5,
  paddingBlock: 32,
};
