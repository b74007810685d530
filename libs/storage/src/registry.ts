/**
 * Port of the Authentication Service: who is who, and the record of how that came to be (RFC 9750, Authentication Service).
 *
 * @module
 */

/**
 * Something that lets a user enrol one device: a one-time code, or an ID token that was verified. Kept only as a hash.
 * All times are Unix milliseconds.
 */
export interface NewEvidence {
  readonly evidenceHash: Uint8Array;
  readonly user: string;
  readonly expiresAtMs: number;
  readonly nowMs: number;
  /** Who the user is at the identity provider, when that is where the evidence comes from. */
  readonly subject?: string;
  /** What the audit log keeps about it. */
  readonly audit: Uint8Array;
}

/** For so long evidence that nobody used is kept after it has expired: a late caller hears "expired" instead of "unknown". */
export const EXPIRED_EVIDENCE_KEPT_MS = 30 * 86_400_000;

/** `otherSubject`: the user's name belongs to the subject that came with it first. */
export type EvidenceOutcome = { readonly outcome: 'created' | 'exists' | 'otherSubject' };

/** What is known of a piece of evidence. */
export interface Evidence {
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
  /** When it got its current key. */
  readonly keySinceMs: number;
  readonly revokedAtMs: number | undefined;
}

/** Everything that enrols one device. */
export interface Enrolment {
  readonly evidenceHash: Uint8Array;
  readonly challenge: Uint8Array;
  /** The purpose that the challenge was made for. */
  readonly challengePurpose: string;
  /** A fresh name: it is used only if a device is enrolled by this call. */
  readonly device: string;
  readonly cipherSuite: number;
  readonly signaturePublicKey: Uint8Array;
  readonly nowMs: number;
  /** Until when a revocation list would have to name it: nothing that is issued for it now holds longer. */
  readonly keepUntilMs: number;
  /** What the audit log keeps about it. */
  readonly audit: Uint8Array;
}

/**
 * `alreadyEnrolled`: the same evidence was used with the same key, and this is the device of then (it may be revoked since).
 * `keyInUse`: a device has or had this key.
 */
export type EnrolmentOutcome =
  | { readonly outcome: 'enrolled' | 'alreadyEnrolled'; readonly device: EnrolledDevice }
  | {
      readonly outcome:
        | 'evidenceUnknown'
        | 'evidenceUsed'
        | 'evidenceExpired'
        | 'challengeUnknown'
        | 'challengeExpired'
        | 'keyInUse';
    };

/** A part of the devices of a user. */
export interface DeviceQuery {
  readonly user: string;
  /** The page begins after this device; one that the user does not have gives an empty page. */
  readonly after?: string;
  readonly limit: number;
}

/** Credentials that are about to be issued for the key that a device has. */
export interface Issuance {
  readonly device: string;
  /** The key that the caller has proven; the device must have it still. */
  readonly currentKey: Uint8Array;
  /** As in `Enrolment`. */
  readonly keepUntilMs: number;
  /** What the audit log keeps about it. */
  readonly audit: Uint8Array;
}

/** `otherKey`: the device has another current key, or is revoked, or is none. */
export type IssuanceOutcome =
  { readonly outcome: 'recorded'; readonly device: EnrolledDevice } | { readonly outcome: 'otherKey' };

/** Gives a device another key. */
export interface Rotation {
  readonly device: string;
  /** The key that the caller has proven; the device must have it still. */
  readonly currentKey: Uint8Array;
  readonly cipherSuite: number;
  readonly signaturePublicKey: Uint8Array;
  /**
   * What the revocation list has to say about the current key, when it is not to be believed any more: until its time, and for
   * as long as what was issued before.
   */
  readonly revoked?: RevokedName;
  readonly nowMs: number;
  /** As in `Enrolment`. */
  readonly keepUntilMs: number;
  /** What the audit log keeps about it. */
  readonly audit: Uint8Array;
}

/** `keyInUse`: a device has or had the new key. `otherKey`: the device has another current key, or is revoked, or is none. */
export type RotationOutcome =
  | { readonly outcome: 'rotated'; readonly device: EnrolledDevice }
  | { readonly outcome: 'keyInUse' | 'otherKey' };

/** Names the device to revoke, and the user that it must belong to. */
export interface Revocation {
  readonly device: string;
  readonly user: string;
  readonly nowMs: number;
  /** Until when the revocation list has to name it at least; longer, if what was issued for it holds longer. */
  readonly keepUntilMs: number;
  /** What the audit log keeps about it. */
  readonly audit: Uint8Array;
}

/** Since when the device is revoked, the first time counts; or that the user has no such device. */
export type RevocationOutcome =
  | { readonly outcome: 'revoked' | 'alreadyRevoked'; readonly revokedAtMs: number }
  | { readonly outcome: 'unknownDevice' };

/** What the revocation list names: a device by its URI, or a signature key by its hash. */
export interface RevokedName {
  readonly kind: 'device' | 'key';
  readonly name: string;
  /** From then on it may be left out of the list. */
  readonly keepUntilMs: number;
}

/** A part of what is revoked, in an order that stays. */
export interface RevokedQuery {
  readonly nowMs: number;
  /** The page begins after this one. */
  readonly after?: RevokedName;
  readonly limit: number;
}

/** A revocation list as it was signed. */
export interface PublishedList {
  /** Grows from list to list. */
  readonly number: number;
  /** The state of the registry that it tells, see `RevocationState`. */
  readonly version: bigint;
  readonly jwt: string;
  /** From then on another one should be signed, even if nothing changes. */
  readonly renewAtMs: number;
}

/** The newest list, and whether it is still true. */
export interface RevocationState {
  /** Grows with everything that is revoked. */
  readonly version: bigint;
  readonly list: PublishedList | undefined;
}

/** A key that signs tokens, attestations and revocation lists. */
export interface SigningKey {
  readonly kid: string;
  /** The public key as a JWK. */
  readonly publicJwk: string;
  /** The private key, opaque to the store; undefined once it was retired. Must not be logged. */
  readonly privateKey: string | undefined;
  /** It is the one that signs between these two times. */
  readonly signsFromMs: number;
  readonly signsUntilMs: number;
  /** Nothing that it has signed holds longer. */
  readonly publishedUntilMs: number;
}

/** One entry of the audit log. */
export interface AuditRecord {
  /** 1, 2, 3 … without holes. */
  readonly sequence: bigint;
  readonly entry: Uint8Array;
  /** See `auditHash`. */
  readonly hash: Uint8Array;
}

/** Evidence, challenges, devices, revocations, signing keys and the audit log. Every method is one atomic step. */
export interface Registry {
  /**
   * Keeps the hash of new evidence, makes the user's name its subject's, and appends to the audit log; a hash that is there
   * already is left as it is. What nobody used is forgotten some time after it has expired.
   */
  putEvidence(evidence: NewEvidence): Promise<EvidenceOutcome>;

  /** Finds evidence by its hash; does not judge its expiry. */
  findEvidence(evidenceHash: Uint8Array): Promise<Evidence | undefined>;

  /** Keeps a challenge until it is consumed or expired. */
  putChallenge(challenge: NewChallenge): Promise<void>;

  /** Uses a challenge up. One that is shown for another purpose is unknown, and stays. */
  consumeChallenge(use: ChallengeUse): Promise<ConsumeOutcome>;

  /**
   * Consumes evidence and challenge, adds the device of the evidence's user and appends to the audit log; or changes nothing.
   * The caller has checked the proof of possession before.
   */
  completeEnrolment(enrolment: Enrolment): Promise<EnrolmentOutcome>;

  /** Finds a device by its URI. */
  findDevice(device: string): Promise<EnrolledDevice | undefined>;

  /** Lists devices of a user, revoked ones too, oldest first. */
  devicesOf(query: DeviceQuery): Promise<readonly EnrolledDevice[]>;

  /** Appends to the audit log before credentials are issued, unless the device has another key or is revoked. */
  recordIssuance(issuance: Issuance): Promise<IssuanceOutcome>;

  /** Replaces a device's key and appends to the audit log; or changes nothing. The caller has checked both proofs. */
  rotateKey(rotation: Rotation): Promise<RotationOutcome>;

  /** Marks a device as revoked and appends to the audit log, the first time. */
  revokeDevice(revocation: Revocation): Promise<RevocationOutcome>;

  /** Says whether the newest revocation list is still true. */
  revocationState(): Promise<RevocationState>;

  /** Lists what is revoked and has to be named still. */
  revokedNames(query: RevokedQuery): Promise<readonly RevokedName[]>;

  /** Keeps a list, if the newest one has the number `after` (0 for none); of replicas that do this together, one succeeds. */
  publishRevocationList(
    list: PublishedList,
    after: number,
  ): Promise<{ readonly outcome: 'published' | 'superseded' }>;

  /**
   * Keeps a signing key, if `after` is the newest one (undefined: if there is none yet), so that replicas agree on its
   * successor.
   */
  addSigningKey(
    offered: SigningKey,
    after: string | undefined,
  ): Promise<{ readonly outcome: 'added' | 'superseded' }>;

  /** Lists all signing keys, newest first. */
  signingKeys(): Promise<readonly SigningKey[]>;

  /** Forgets the private part of a key that signs no more. */
  retireSigningKey(kid: string): Promise<void>;

  /** Forgets a key that verifies nothing any more. */
  dropSigningKey(kid: string): Promise<void>;

  /** Gives the version of a set of trust anchors, which it is known by: a new one when it is not the newest set. */
  versionOfTrustAnchors(hash: Uint8Array): Promise<bigint>;

  /** Appends to the audit log. */
  appendAudit(entry: Uint8Array): Promise<AuditRecord>;

  /** Reads the audit log after a sequence number. */
  readAudit(afterSequence: bigint, limit: number): Promise<readonly AuditRecord[]>;
}
