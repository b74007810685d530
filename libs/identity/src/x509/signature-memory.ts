/**
 * Remembers which certificate is signed by which key, so that each signature is verified once and not for every leaf.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { X509Certificate } from './certificate.ts';
import { isSignedWith, type CertificateSignatureScheme } from './signature.ts';

/** Signatures that hold, at most so many; the oldest make room. */
export class SignatureMemory {
  readonly #capacity: number;
  readonly #valid = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Verifies a signature, or remembers having verified it. */
  async isSignedBy(
    certificate: X509Certificate,
    issuer: X509Certificate,
    scheme: CertificateSignatureScheme,
  ): Promise<boolean> {
    const keyHash = createHash('sha256').update(issuer.key.spki).digest('hex');
    const known = `${certificate.fingerprint}/${keyHash}`;
    if (this.#valid.has(known)) return true;
    const valid = await isSignedWith(scheme, issuer.key, certificate.signed);
    if (valid) this.#keep(known);
    return valid;
  }

  #keep(known: string): void {
    this.#valid.add(known);
    const [oldest] = this.#valid;
    if (this.#valid.size > this.#capacity && oldest !== undefined) this.#valid.delete(oldest);
  }
}
