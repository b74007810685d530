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
      readonly event: 'device-enrolled';
      readonly device: string;
      readonly user: string;
      readonly cipherSuite: number;
      /** SHA-256 of the signature public key, in hexadecimal. */
      readonly keyHash: string;
      readonly atMs: number;
    }
  | {
      readonly event: 'device-revoked';
      readonly device: string;
      /** The device that asked for it. */
      readonly by: string;
      readonly atMs: number;
    };

/** Writes an event as the bytes that the hash chain covers. */
export function auditEntry(event: AuditEvent): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(event));
}

/** Hashes a public key for the audit log. */
export function keyHash(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex');
}
