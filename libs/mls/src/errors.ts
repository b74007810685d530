/**
 * What the protocol refuses with: one error class, one code per fault, the requirement that was broken.
 *
 * @module
 */

/** Every reason for which this library refuses bytes, a peer's message or a request of its caller. */
export type MlsErrorCode =
  // framing (§6)
  | 'UNSUPPORTED_VERSION'
  | 'UNSUPPORTED_WIRE_FORMAT'
  | 'WRONG_GROUP'
  | 'WRONG_EPOCH'
  | 'EPOCH_NOT_RETAINED'
  | 'UNKNOWN_SENDER'
  | 'SENDER_NOT_ALLOWED'
  | 'INVALID_SIGNATURE'
  | 'INVALID_MEMBERSHIP_TAG'
  | 'APPLICATION_DATA_IN_PUBLIC'
  | 'INVALID_PADDING'
  | 'DECRYPTION_FAILED'
  | 'MALFORMED'
  | 'OWN_MESSAGE'
  // ratchet tree (§4, §7)
  | 'INVALID_RATCHET_TREE'
  | 'TREE_HASH_MISMATCH'
  | 'PARENT_HASH_MISMATCH'
  | 'INVALID_UNMERGED_LEAVES'
  | 'DUPLICATE_KEY'
  | 'INVALID_KEY'
  | 'UNKNOWN_LEAF'
  | 'LEAF_NODE_WRONG_SOURCE'
  | 'LEAF_NODE_EXPIRED'
  | 'LEAF_NODE_LIFETIME_TOO_LONG'
  | 'LEAF_KEY_NOT_CHANGED'
  | 'UNSUPPORTED_CAPABILITY'
  | 'UNSUPPORTED_EXTENSION'
  | 'INVALID_CREDENTIAL'
  | 'INVALID_SUCCESSOR'
  | 'INVALID_PATH'
  // key schedule, secret tree (§8, §9)
  | 'PSK_NOT_AVAILABLE'
  | 'INVALID_PSK'
  | 'INVALID_CONFIRMATION_TAG'
  | 'GENERATION_CONSUMED'
  | 'GENERATION_TOO_FAR'
  | 'RATCHET_EXHAUSTED'
  | 'AEAD_LIMIT'
  // key packages, proposals, commits (§10–§12)
  | 'WRONG_CIPHER_SUITE'
  | 'INVALID_KEY_PACKAGE'
  | 'INVALID_PROPOSAL'
  | 'INVALID_PROPOSAL_LIST'
  | 'UNKNOWN_PROPOSAL_REFERENCE'
  | 'PATH_REQUIRED'
  | 'INVALID_COMMIT'
  | 'INVALID_WELCOME'
  | 'NO_MATCHING_KEY_PACKAGE'
  | 'RATCHET_TREE_REQUIRED'
  | 'INVALID_GROUP_INFO'
  | 'ALREADY_MEMBER'
  | 'EPOCH_EXHAUSTED'
  // the member's own state
  | 'PROPOSALS_PENDING'
  | 'GROUP_ENDED'
  | 'UNSUPPORTED_STATE_VERSION'
  | 'INVALID_STATE'
  | 'MISUSE';

/** A refusal: what is wrong, which requirement says so (section or checklist id), never any key material. */
export class MlsError extends Error {
  override readonly name = 'MlsError';
  readonly code: MlsErrorCode;
  /** The RFC 9420 requirement, for example `R7.3-11` or `§12.4.2`. */
  readonly requirement: string;

  constructor(code: MlsErrorCode, requirement: string, message: string, options?: ErrorOptions) {
    super(`${message} [${requirement}]`, options);
    this.code = code;
    this.requirement = requirement;
  }
}

/** A fault of this library itself; nobody catches it. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

/** Throws an `MlsError`. */
export function refuse(code: MlsErrorCode, requirement: string, message: string, cause?: unknown): never {
  throw new MlsError(code, requirement, message, cause === undefined ? undefined : { cause });
}

/** Requires a value that this library itself put there. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new InternalError(`${what} is missing`);
  return value;
}
