/**
 * What the audit log keeps: a JSON object a step, without codes, challenges and signatures.
 *
 * @module
 */
import { createHash } from 'node:crypto';

/** A step worth keeping. */
export type AuditEvent =
  | {
      readonly event: 'enrolment-code-created';
      readonly user: string;
      readonly expiresAtMs: number;
      readonly atMs: number;
    }
  | {
      readonly event: 'id-token-accepted';
      readonly user: string;
      /** Issuer and subject. */
      readonly subject: string;
      readonly expiresAtMs: number;
      readonly atMs: number;
    }
  | ({
      readonly event: 'device-enrolled';
      readonly device: string;
      readonly user: string;
      readonly cipherSuite: number;
      /** SHA-256 of the signature public key, in hexadecimal. */
      readonly keyHash: string;
      readonly atMs: number;
    } & IssuedCredentials)
  | ({
      /** Credentials of a key that the device has already: before the old ones expire, or because an answer was lost. */
      readonly event: 'credential-renewed';
      readonly device: string;
      readonly keyHash: string;
      readonly atMs: number;
    } & IssuedCredentials)
  | ({
      readonly event: 'credential-rotated';
      readonly device: string;
      readonly cipherSuite: number;
      readonly previousKeyHash: string;
      readonly keyHash: string;
      /** Whether the revocation list names the previous key. */
      readonly previousKeyRevoked: boolean;
      readonly atMs: number;
    } & IssuedCredentials)
  | {
      readonly event: 'signing-key-withdrawn';
      readonly kid: string;
      readonly atMs: number;
    }
  | {
      readonly event: 'device-revoked';
      readonly device: string;
      /** The device that asked for it, or `administrator`. */
      readonly by: string;
      readonly atMs: number;
    };

/** What was issued. */
export interface IssuedCredentials {
  /** `basic`, `x509` or both. */
  readonly credentials: readonly string[];
  /** The serial number of the certificate, in hexadecimal. */
  readonly serialNumber?: string;
}

/** Writes an event as the bytes that the hash chain covers. */
export function auditEntry(event: AuditEvent): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(event));
}

/** Hashes a public key for the audit log. */
export function keyHash(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex');
}
