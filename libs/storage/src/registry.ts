/**
 * Port of the Authentication Service: who is who, and the record of how that came to be (RFC 9750, Authentication Service).
 *
 * @module
 */

/** A one-time code that lets a user enrol a device; kept only as a hash. All times are Unix milliseconds. */
export interface NewEnrolmentCode {
  readonly codeHash: Uint8Array;
  readonly user: string;
  readonly expiresAtMs: number;
  /** What the audit log keeps about it. */
  readonly audit: Uint8Array;
}

/** What is known of an enrolment code. */
export interface EnrolmentCode {
  readonly user: string;
  readonly expiresAtMs: number;
  /** The device that was enrolled with it. */
  readonly usedBy: string | undefined;
}

/** A challenge that works once. */
export interface NewChallenge {
  readonly challenge: Uint8Array;
  /** What the challenge is good for, for example a kind and a device: using it needs exactly the same words. */
  readonly purpose: string;
  readonly expiresAtMs: number;
  readonly nowMs: number;
}

/** Shows a challenge. */
export interface ChallengeUse {
  readonly challenge: Uint8Array;
  readonly purpose: string;
  readonly nowMs: number;
}

/** What became of a challenge; it is gone after `consumed` and after `challengeExpired`. */
export type ConsumeOutcome = { readonly outcome: 'consumed' | 'challengeUnknown' | 'challengeExpired' };

/** An enrolled device. */
export interface EnrolledDevice {
  readonly device: string;
  readonly user: string;
  /** The suite whose signature scheme the key belongs to (RFC 9420 §17.1). */
  readonly cipherSuite: number;
  readonly signaturePublicKey: Uint8Array;
  readonly enrolledAtMs: number;
  readonly revokedAtMs: number | undefined;
}

/** Everything that enrols one device. */
export interface Enrolment {
  readonly codeHash: Uint8Array;
  readonly challenge: Uint8Array;
  /** The purpose that the challenge was made for. */
  readonly challengePurpose: string;
  /** A fresh name: it is used only if a device is enrolled by this call. */
  readonly device: string;
  readonly cipherSuite: number;
  readonly signaturePublicKey: Uint8Array;
  readonly nowMs: number;
  /** What the audit log keeps about it. */
  readonly audit: Uint8Array;
}

/**
 * `alreadyEnrolled`: the same code was used with the same key, and this is the device of then (it may be revoked since).
 * `keyInUse`: a device has or had this key.
 */
export type EnrolmentOutcome =
  | { readonly outcome: 'enrolled' | 'alreadyEnrolled'; readonly device: EnrolledDevice }
  | {
      readonly outcome:
        'codeUnknown' | 'codeUsed' | 'codeExpired' | 'challengeUnknown' | 'challengeExpired' | 'keyInUse';
    };

/** Names the device to revoke, and the user that it must belong to. */
export interface Revocation {
  readonly device: string;
  readonly user: string;
  readonly nowMs: number;
  /** What the audit log keeps about it. */
  readonly audit: Uint8Array;
}

/** Since when the device is revoked, the first time counts; or that the user has no such device. */
export type RevocationOutcome =
  | { readonly outcome: 'revoked' | 'alreadyRevoked'; readonly revokedAtMs: number }
  | { readonly outcome: 'unknownDevice' };

/** A key that signs tokens and attestations. */
export interface SigningKey {
  readonly kid: string;
  /** The private key as a JWK, opaque to the store. Must not be logged. */
  readonly privateJwk: string;
  readonly createdAtMs: number;
}

/** One entry of the audit log. */
export interface AuditRecord {
  /** 1, 2, 3 … without holes. */
  readonly sequence: bigint;
  readonly entry: Uint8Array;
  /** See `auditHash`. */
  readonly hash: Uint8Array;
}

/** Codes, challenges, devices, signing keys and the audit log. Every method is one atomic step. */
export interface Registry {
  /** Keeps the hash of a new code and appends to the audit log; a hash that is there already is left as it is. */
  createEnrolmentCode(code: NewEnrolmentCode): Promise<{ readonly outcome: 'created' | 'exists' }>;

  /** Finds a code by its hash; does not judge its expiry. */
  findEnrolmentCode(codeHash: Uint8Array): Promise<EnrolmentCode | undefined>;

  /** Keeps a challenge until it is consumed or expired. */
  putChallenge(challenge: NewChallenge): Promise<void>;

  /** Uses a challenge up. One that is shown for another purpose is unknown, and stays. */
  consumeChallenge(use: ChallengeUse): Promise<ConsumeOutcome>;

  /**
   * Consumes code and challenge, adds the device of the code's user and appends to the audit log; or changes nothing.
   * The caller has checked the proof of possession before.
   */
  completeEnrolment(enrolment: Enrolment): Promise<EnrolmentOutcome>;

  /** Finds a device by its URI. */
  findDevice(device: string): Promise<EnrolledDevice | undefined>;

  /** Finds a device by its signature public key. */
  findDeviceByKey(signaturePublicKey: Uint8Array): Promise<EnrolledDevice | undefined>;

  /** Lists the devices of a user, revoked ones too, oldest first. */
  devicesOf(user: string, limit: number): Promise<readonly EnrolledDevice[]>;

  /** Marks a device as revoked and appends to the audit log, the first time. */
  revokeDevice(revocation: Revocation): Promise<RevocationOutcome>;

  /** Keeps the offered key if there is none yet; answers the newest, so that replicas starting together agree on one. */
  ensureSigningKey(offered: SigningKey): Promise<SigningKey>;

  /** Lists all signing keys, newest first. */
  signingKeys(): Promise<readonly SigningKey[]>;

  /** Appends to the audit log. */
  appendAudit(entry: Uint8Array): Promise<AuditRecord>;

  /** Reads the audit log after a sequence number. */
  readAudit(afterSequence: bigint, limit: number): Promise<readonly AuditRecord[]>;
}
