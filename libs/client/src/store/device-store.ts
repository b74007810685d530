/**
 * The device itself, and whom it trusts.
 *
 * @module
 */
import { decode, encode, opaque, vector } from '@canopy/codec';
import type { KeyPair } from '@canopy/crypto';
import type { Database } from './database.ts';
import { bytes, integer, text, type Row } from './row.ts';

/** A device's signature key, saved before anybody hears of it. */
export interface DeviceKeys {
  readonly cipherSuite: number;
  readonly signatureKeyPair: KeyPair;
}

/** What the Authentication Service says about a device. */
export interface Enrolment {
  readonly device: string;
  readonly domain: string;
  /** Empty where the device has a certificate. */
  readonly attestation: string;
  /** The device's certificate, DER, and those between it and an anchor; none where the device has an attestation. */
  readonly x509Chain: readonly Uint8Array[];
}

/** A device that is enrolled. */
export type EnrolledDevice = DeviceKeys & Enrolment;

/** The key set of a domain's Authentication Service, as it was fetched. */
export interface TrustedKeys {
  readonly domain: string;
  readonly jwks: string;
}

/** CAs of a domain, each as DER: those that are trusted, and those that chains may leave out. */
export interface TrustAnchors {
  readonly anchors: readonly Uint8Array[];
  readonly intermediates: readonly Uint8Array[];
}

/** What is kept with an enrolment. */
export interface EnrolmentFacts {
  readonly trust: TrustedKeys;
  readonly anchors: TrustAnchors;
  readonly renewAtMs: number;
}

/** The rows of the device and of its trust. */
export class DeviceStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The keys that are to be enrolled, with the request that was made for them. */
  enrolling(): { readonly keys: DeviceKeys; readonly request: Uint8Array } | undefined {
    const row = this.#database.get('SELECT * FROM device WHERE device IS NULL');
    return row && { keys: toKeys(row), request: bytes(row, 'enrolment_request') };
  }

  /** Saves the keys of a new device and the request that enrols them, in the place of earlier ones that came to nothing. */
  saveEnrolling(keys: DeviceKeys, request: Uint8Array): void {
    const { cipherSuite, signatureKeyPair } = keys;
    this.#database.run(
      `INSERT OR REPLACE INTO device (id, cipher_suite, public_key, private_key, enrolment_request)
       VALUES (1, ?, ?, ?, ?)`,
      cipherSuite,
      signatureKeyPair.publicKey,
      signatureKeyPair.privateKey,
      request,
    );
  }

  /** The device, once it is enrolled. */
  enrolled(): EnrolledDevice | undefined {
    const row = this.#database.get('SELECT * FROM device WHERE device IS NOT NULL');
    if (row === undefined) return undefined;
    const [device, domain, attestation] = [
      text(row, 'device'),
      text(row, 'domain'),
      text(row, 'attestation'),
    ];
    const x509Chain = decodeChain(bytes(row, 'x509_chain'));
    return { ...toKeys(row), device, domain, attestation, x509Chain };
  }

  /** Saves an enrolment and the keys that it was checked with. */
  saveEnrolment(enrolment: Enrolment, { trust, anchors, renewAtMs }: EnrolmentFacts): void {
    const { device, domain, attestation, x509Chain } = enrolment;
    this.#database.transaction(() => {
      this.saveTrust(trust);
      this.#saveTrustAnchors(anchors);
      this.#database.run(
        `UPDATE device SET device = ?, domain = ?, attestation = ?, x509_chain = ?, renew_at_ms = ?, enrolment_request = x''`,
        device,
        domain,
        attestation,
        encodeChain(x509Chain),
        renewAtMs,
      );
    });
  }

  /** When the credential is to be renewed, in milliseconds since 1970; 0 where that is not known. */
  renewAtMs(): number {
    const row = this.#database.get('SELECT renew_at_ms FROM device');
    return row === undefined ? 0 : Number(integer(row, 'renew_at_ms'));
  }

  /** Replaces the credential. */
  saveRenewed({ attestation, x509Chain }: Enrolment, renewAtMs: number): void {
    const sql = 'UPDATE device SET attestation = ?, x509_chain = ?, renew_at_ms = ?';
    this.#database.run(sql, attestation, encodeChain(x509Chain), renewAtMs);
  }

  /** The key set that attestations are checked with. */
  trust(): TrustedKeys | undefined {
    const row = this.#database.get('SELECT domain, jwks FROM trust');
    return row && { domain: text(row, 'domain'), jwks: text(row, 'jwks') };
  }

  /** Replaces the key set. */
  saveTrust({ domain, jwks }: TrustedKeys): void {
    this.#database.run('INSERT OR REPLACE INTO trust (id, domain, jwks) VALUES (1, ?, ?)', domain, jwks);
  }

  /** The CAs at which certificate chains may end; none where the domain's devices have no certificates. */
  trustAnchors(): TrustAnchors {
    const rows = this.#database.all('SELECT certificate, is_anchor FROM trust_anchor');
    const certificates = (isAnchor: bigint): readonly Uint8Array[] =>
      rows.filter((row) => integer(row, 'is_anchor') === isAnchor).map((row) => bytes(row, 'certificate'));
    return { anchors: certificates(1n), intermediates: certificates(0n) };
  }

  #saveTrustAnchors({ anchors, intermediates }: TrustAnchors): void {
    this.#database.run('DELETE FROM trust_anchor');
    const sql = 'INSERT INTO trust_anchor VALUES (?, ?)';
    for (const certificate of anchors) this.#database.run(sql, certificate, 1);
    for (const certificate of intermediates) this.#database.run(sql, certificate, 0);
  }

  /** The number of the last mailbox entry that was processed. */
  mailboxCursor(): bigint {
    const row = this.#database.get('SELECT mailbox_cursor FROM device');
    return row === undefined ? 0n : integer(row, 'mailbox_cursor');
  }

  /** Moves the mailbox cursor. */
  moveMailboxCursor(sequence: bigint): void {
    this.#database.run('UPDATE device SET mailbox_cursor = ?', sequence);
  }
}

function toKeys(row: Row): DeviceKeys {
  const signatureKeyPair = { publicKey: bytes(row, 'public_key'), privateKey: bytes(row, 'private_key') };
  return { cipherSuite: Number(integer(row, 'cipher_suite')), signatureKeyPair };
}

const Chain = vector(opaque);

function encodeChain(chain: readonly Uint8Array[]): Uint8Array {
  return chain.length === 0 ? new Uint8Array(0) : encode(Chain, [...chain]);
}

function decodeChain(encoded: Uint8Array): readonly Uint8Array[] {
  return encoded.length === 0 ? [] : decode(Chain, encoded);
}
