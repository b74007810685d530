/**
 * Judges the leaves of a group by their certificate chains (RFC 9420 §5.3, §5.3.1; RFC 5280 §6).
 *
 * @module
 */
import { encode } from '@canopy/codec';
import {
  Credential,
  type IdentityProvider,
  type IdentityVerdict,
  type PresentedCredential,
} from '@canopy/mls';
import {
  requireCurrentList,
  type RevocationOptions,
  type RevocationRefusal,
} from '../revocation/revocation-check.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import { CertificateMemory } from './certificate-memory.ts';
import type { X509Certificate } from './certificate.ts';
import { PathSearch, type CertificatePath, type PathLimits } from './find-paths.ts';
import { validateSameIdentifiers, type ReferenceIdentifiers } from './identifiers.ts';
import { Refused, type X509Refusal } from './refusal.ts';
import { SignatureMemory } from './signature-memory.ts';
import { createTrustStore, type TrustedCertificates, type TrustStore } from './trust-store.ts';
import { validateEndEntity, validatePath, type PathContext } from './validate-path.ts';
import { readChain, readEndEntity, validateSignatureKey, type CertificateReader } from './x509-credential.ts';

/** What certificates are judged by. */
export interface X509IdentityProviderOptions extends TrustedCertificates {
  /** Which identifiers of a certificate count; `deviceIdentifiers(domain)` where members are Canopy's devices. */
  readonly identifiers: ReferenceIdentifiers;
  /** Seconds since 1970. */
  now(): bigint;
  /** Without it nothing is ever revoked. */
  readonly revocation?: RevocationOptions;
  /** 8 certificates in a path and 32 steps of a search by default. */
  readonly limits?: Partial<PathLimits>;
  /** How many verified signatures are remembered, and certificates; 10 000 and 2 000 by default. */
  readonly capacity?: { readonly signatures?: number; readonly certificates?: number };
}

/** Why an X.509 credential is refused. */
export type X509IdentityRefusal = X509Refusal | RevocationRefusal | 'DEVICE_REVOKED' | 'KEY_REVOKED';

const DEFAULT_LIMITS: PathLimits = { pathLength: 8, steps: 32 };

/**
 * Makes the judge of X.509 credentials: the chain leads to an anchor, nothing in it is expired or revoked, its end
 * entity has the leaf's key and names whom it should. A successor must have the same identifiers; whether the old
 * certificate is still valid does not matter (§5.3.2). It throws only what the source of revocation lists throws.
 *
 * @throws IdentityError INVALID_CERTIFICATE for an anchor or intermediate that is malformed or no CA
 */
export function createX509IdentityProvider(options: X509IdentityProviderOptions): IdentityProvider {
  const { identifiers } = options;
  const judge = new ChainJudge(options);
  const certificates = new CertificateMemory(options.capacity?.certificates ?? 2_000);
  const read: CertificateReader = (der) => certificates.read(der);
  const namesIn = ({ credential }: PresentedCredential): readonly string[] =>
    identifiers.of(readEndEntity(credential, read));
  return {
    validateCredential: ({ credential, signatureKey }) =>
      verdictOf(async () => {
        const chain = readChain(credential, read);
        validateSignatureKey(chain[0], signatureKey);
        await judge.validate(chain, signatureKey);
      }),
    validateSuccessor: (old, presented) =>
      verdictOf(() => {
        validateSameIdentifiers(namesIn(old), namesIn(presented));
      }),
    identifierOf: (presented) => identifierFrom(() => namesIn(presented), presented),
  };
}

/** Gives the names as one text. Who has none that counts is nobody but the owner of this very credential. */
function identifierFrom(names: () => readonly string[], { credential }: PresentedCredential): string {
  try {
    return JSON.stringify(Array.from(new Set(names())).toSorted());
  } catch (error) {
    if (error instanceof Refused) return Buffer.from(encode(Credential, credential)).toString('latin1');
    throw error;
  }
}

/** Makes a verdict of what a check throws. */
async function verdictOf(check: () => Promise<void> | void): Promise<IdentityVerdict> {
  try {
    await check();
    return { valid: true };
  } catch (error) {
    if (error instanceof Refused) return { valid: false, reason: error.reason };
    throw error;
  }
}

class ChainJudge {
  readonly #options: X509IdentityProviderOptions;
  readonly #trust: TrustStore;
  readonly #memory: SignatureMemory;
  readonly #limits: PathLimits;

  constructor(options: X509IdentityProviderOptions) {
    this.#options = options;
    this.#trust = createTrustStore(options);
    this.#memory = new SignatureMemory(options.capacity?.signatures ?? 10_000);
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  async validate(chain: CertificatePath, signatureKey: Uint8Array): Promise<void> {
    const [endEntity] = chain;
    validateEndEntity(endEntity);
    // Only that there are identifiers to go by: which ones is the successor's matter.
    this.#options.identifiers.of(endEntity);
    const context = await this.#contextFor(endEntity, signatureKey);
    await this.#requirePath(chain, context);
  }

  async #contextFor(endEntity: X509Certificate, signatureKey: Uint8Array): Promise<PathContext> {
    const now = this.#options.now();
    const { revocation } = this.#options;
    if (revocation === undefined) return { now, isRevoked: () => false };
    const list = await requireCurrentList(revocation, now);
    if (namesRevokedDevice(endEntity, list)) throw new Refused<X509IdentityRefusal>('DEVICE_REVOKED');
    if (list.revokesKey(signatureKey)) throw new Refused<X509IdentityRefusal>('KEY_REVOKED');
    return { now, isRevoked: (certificate) => isOn(list, certificate) };
  }

  /** One valid path is enough. When there is none, the first one that was found says why. */
  async #requirePath(chain: CertificatePath, context: PathContext): Promise<void> {
    const [trust, memory, limits] = [this.#trust, this.#memory, this.#limits];
    const search = new PathSearch(chain, { trust, memory, limits });
    let first: Refused | undefined;
    for await (const path of search.paths()) {
      const refusal = refusalOf(path, context);
      if (refusal === undefined) return;
      first ??= refusal;
    }
    throw first ?? new Refused(search.obstacle);
  }
}

/** Whichever identifiers count: a certificate of a revoked device is of no use. */
function namesRevokedDevice({ extensions }: X509Certificate, list: RevocationList): boolean {
  return extensions.alternativeNames.some((name) => name.form === 'uri' && list.revokesDevice(name.text));
}

function isOn(list: RevocationList, { issuer, serialNumber }: X509Certificate): boolean {
  return list.revokesCertificate({ issuer: issuer.key, serialNumber });
}

function refusalOf(path: CertificatePath, context: PathContext): Refused | undefined {
  try {
    validatePath(path, context);
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}
