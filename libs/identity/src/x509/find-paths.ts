/**
 * Looks for ways from an end entity up to a trusted CA (RFC 5280 §6, RFC 4158). Signatures are checked on the way, all
 * else afterwards.
 *
 * @module
 */
import type { X509Certificate } from './certificate.ts';
import { refuse, type X509Refusal } from './refusal.ts';
import { findSignatureScheme } from './signature.ts';
import type { SignatureMemory } from './signature-memory.ts';
import type { TrustStore } from './trust-store.ts';

/** How far a search goes. */
export interface PathLimits {
  /** How many certificates a path has at most, the end entity and the anchor included. */
  readonly pathLength: number;
  /** How many issuers are tried at most in one search. */
  readonly steps: number;
}

/** Certificates from the end entity up to an anchor, each signed by the next one. */
export type CertificatePath = readonly [X509Certificate, ...X509Certificate[]];

interface Issuer {
  readonly certificate: X509Certificate;
  readonly isAnchor: boolean;
  /** Where in the presented chain the search goes on. */
  readonly next: number;
}

/** One search: gives the paths one by one, and afterwards what stood in the way of others. */
export class PathSearch {
  readonly #chain: CertificatePath;
  readonly #trust: TrustStore;
  readonly #memory: SignatureMemory;
  readonly #limits: PathLimits;
  #steps = 0;
  #obstacle: X509Refusal = 'ISSUER_UNKNOWN';

  constructor(
    chain: CertificatePath,
    context: { readonly trust: TrustStore; readonly memory: SignatureMemory; readonly limits: PathLimits },
  ) {
    this.#chain = chain;
    this.#trust = context.trust;
    this.#memory = context.memory;
    this.#limits = context.limits;
  }

  /** Why no further path was found: the first thing that stood in the way. */
  get obstacle(): X509Refusal {
    return this.#obstacle;
  }

  /** Gives the paths, those that end soonest at an anchor first. @throws Refused PATH_SEARCH_TOO_LONG */
  paths(): AsyncGenerator<CertificatePath> {
    return this.#extend([this.#chain[0]], 1);
  }

  async *#extend(path: CertificatePath, next: number): AsyncGenerator<CertificatePath> {
    const last = path.at(-1) ?? path[0];
    for (const issuer of this.#issuersOf(last, next)) {
      // Cross-certificates may lead in a circle.
      if (path.some(({ fingerprint }) => fingerprint === issuer.certificate.fingerprint)) continue;
      if (!(await this.#mayStep(path, last, issuer))) continue;
      const longer: CertificatePath = [...path, issuer.certificate];
      if (issuer.isAnchor) yield longer;
      else yield* this.#extend(longer, issuer.next);
    }
  }

  async #mayStep(path: CertificatePath, last: X509Certificate, issuer: Issuer): Promise<boolean> {
    if (++this.#steps > this.#limits.steps) refuse('PATH_SEARCH_TOO_LONG');
    // An intermediate needs room for an anchor above it.
    if (path.length + (issuer.isAnchor ? 1 : 2) > this.#limits.pathLength) return this.#note('PATH_TOO_LONG');
    const scheme = findSignatureScheme(last.signatureAlgorithm);
    if (scheme === undefined) return this.#note('CERTIFICATE_ALGORITHM_NOT_ALLOWED');
    const signed = await this.#memory.isSignedBy(last, issuer.certificate, scheme);
    return signed || this.#note('ISSUER_SIGNATURE_INVALID');
  }

  #note(obstacle: X509Refusal): false {
    if (this.#obstacle === 'ISSUER_UNKNOWN') this.#obstacle = obstacle;
    return false;
  }

  /** The chain goes upwards (RFC 9420 §5.3), so only what follows in it can be an issuer. */
  *#issuersOf({ issuer }: X509Certificate, next: number): Generator<Issuer> {
    for (const certificate of this.#trust.anchorsNamed(issuer.key)) {
      yield { certificate, isAnchor: true, next };
    }
    for (const [index, certificate] of this.#chain.entries()) {
      if (index < next || certificate.subject.key !== issuer.key) continue;
      yield { certificate, isAnchor: false, next: index + 1 };
    }
    for (const certificate of this.#trust.intermediatesNamed(issuer.key)) {
      yield { certificate, isAnchor: false, next };
    }
  }
}
