/**
 * Remembers certificates that were read, so that a CA's is not read again for every leaf below it.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { MAX_CERTIFICATE_SIZE, readCertificate, type X509Certificate } from './certificate.ts';

/** Certificates by their bytes, at most so many; those that were not used for longest make room. Refusals are not kept. */
export class CertificateMemory {
  readonly #capacity: number;
  readonly #read = new Map<string, X509Certificate>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#read.size;
  }

  /** Reads a certificate, or remembers having read it. @throws Refused */
  read(der: Uint8Array): X509Certificate {
    // Too large ones are not even hashed.
    if (der.length > MAX_CERTIFICATE_SIZE) return readCertificate(der);
    const hash = createHash('sha256').update(der).digest('base64');
    const certificate = this.#read.get(hash) ?? readCertificate(der);
    this.#read.delete(hash);
    this.#read.set(hash, certificate);
    const [oldest] = this.#read.keys();
    if (this.#read.size > this.#capacity && oldest !== undefined) this.#read.delete(oldest);
    return certificate;
  }
}
