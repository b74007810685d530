/**
 * What a client tells its application.
 *
 * @module
 */

/** Who came, went and changed keys with one commit, as device URIs. */
export interface MembershipChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly updated: readonly string[];
  /** The device that made the commit; may be this one. */
  readonly by: string;
}

/** Something that happened in a conversation. */
export type ClientEvent =
  | {
      readonly kind: 'message';
      readonly conversation: string;
      /** The device that sent it. */
      readonly from: string;
      readonly data: Uint8Array;
      readonly sequence: bigint;
    }
  /** This device was added to a conversation. */
  | { readonly kind: 'joined'; readonly conversation: string }
  /** A commit took effect, also one of this device. */
  | ({
      readonly kind: 'members';
      readonly conversation: string;
      readonly epoch: bigint;
    } & MembershipChange)
  /** This device was removed: it can neither read nor send any more. `by` is empty where it was found out only later. */
  | { readonly kind: 'removed'; readonly conversation: string; readonly by: string }
  /** This device had lost its way and is back in the conversation. */
  | {
      readonly kind: 'resynced';
      readonly conversation: string;
      readonly epoch: bigint;
      /** What this device may have missed: the entries after this one … */
      readonly missingAfter: bigint;
      /** … up to this one. */
      readonly missingUpTo: bigint;
      /** Why it could not go on. */
      readonly code: string;
    }
  /** This device can neither read nor send, and could not come back by itself; a member can remove and invite it again. */
  | { readonly kind: 'stuck'; readonly conversation: string; readonly code: string }
  /** The Delivery Service has signed two different receipts for one epoch; the conversation does not go on with it. */
  | {
      readonly kind: 'serviceLied';
      readonly conversation: string;
      readonly receipts: readonly [string, string];
    }
  /** An entry of the log, or a Welcome, was refused; nothing else changed and the client goes on. */
  | {
      readonly kind: 'unreadable';
      readonly conversation: string;
      readonly sequence: bigint;
      readonly code: string;
    };
