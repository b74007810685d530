/**
 * Which KeyPackages are taken into stock (RFC 9420 §10.1, §16.8).
 *
 * @module
 */
import { CodecError } from '@canopy/codec';
import { CryptoError, getCipherSuite, isSupportedCipherSuite } from '@canopy/crypto';
import { IdentityError, namedDevice } from '@canopy/identity';
import {
  decodeMessage,
  defaultPolicy,
  IdentityAnswers,
  keyPackageRef,
  LeafNodeSource,
  MlsError,
  validateKeyPackage,
  WireFormat,
  type IdentityProvider,
  type IdentityVerdict,
  type KeyPackage,
  type MlsErrorCode,
} from '@canopy/mls';
import type { StockCapabilities } from '@canopy/storage';
import { supportedBy } from './capabilities.ts';
import { endOfCredential } from './credential-end.ts';
import { judgeCredential } from './judge-credential.ts';
import { RefusedKeyPackage, type RefusalReason } from './refused-key-package.ts';

/** What a KeyPackage is judged by. */
export interface Judgement {
  /** Who uploads it. */
  readonly device: string;
  readonly identities: IdentityProvider;
  readonly nowMs: number;
  readonly maxLifetimeMs: number;
  readonly maxBytes: number;
}

/** A KeyPackage that may be handed out. */
export interface GoodKeyPackage {
  readonly cipherSuite: number;
  readonly capabilities: StockCapabilities;
  readonly signatureKey: Uint8Array;
  readonly ref: Uint8Array;
  /** The last moment at which it may be handed out. */
  readonly notAfterMs: number;
}

/** Judges one upload. @throws {RefusedKeyPackage}, and what the identity provider throws when it cannot tell */
export async function judgeKeyPackage(bytes: Uint8Array, by: Judgement): Promise<GoodKeyPackage> {
  if (bytes.length > by.maxBytes) throw new RefusedKeyPackage('MALFORMED', 'TOO_LARGE');
  const keyPackage = readKeyPackage(bytes);
  const { cipherSuite, leafNode } = keyPackage;
  if (!isSupportedCipherSuite(cipherSuite)) {
    throw new RefusedKeyPackage('INVALID', 'UNSUPPORTED_CIPHER_SUITE');
  }
  requireDevice(keyPackage, by.device);
  const suite = getCipherSuite(cipherSuite);
  await validate(keyPackage, by);
  return {
    cipherSuite,
    capabilities: supportedBy(leafNode.capabilities),
    signatureKey: leafNode.signatureKey,
    ref: keyPackageRef(suite, keyPackage),
    notAfterMs: Math.min(Number(notAfterOf(leafNode.source)) * 1000, endOfCredential(leafNode)),
  };
}

/** Reads an encoded MLSMessage that holds a KeyPackage. @throws {RefusedKeyPackage} MALFORMED */
export function readKeyPackage(bytes: Uint8Array): KeyPackage {
  try {
    const message = decodeMessage(bytes);
    if (message.wireFormat === WireFormat.keyPackage) return message.keyPackage;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new RefusedKeyPackage('MALFORMED', error.code, { cause: error });
  }
  throw new RefusedKeyPackage('MALFORMED', 'UNSUPPORTED_WIRE_FORMAT');
}

function requireDevice({ leafNode }: KeyPackage, device: string): void {
  try {
    if (namedDevice(leafNode.credential) === device) return;
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    throw new RefusedKeyPackage('WRONG_DEVICE', error.code, { cause: error });
  }
  throw new RefusedKeyPackage('WRONG_DEVICE');
}

async function validate(keyPackage: KeyPackage, by: Judgement): Promise<void> {
  const presented = keyPackage.leafNode;
  const verdict = await judgeCredential(by.identities, presented);
  if (!verdict.valid) throw new RefusedKeyPackage('NOT_ATTESTED', verdict.reason);
  const answer = (): Promise<IdentityVerdict> => Promise.resolve(verdict);
  const known = { validateCredential: answer, validateSuccessor: answer };
  const identities = await IdentityAnswers.ask(known, [{ kind: 'credential', presented }]);
  const nowSeconds = BigInt(Math.floor(by.nowMs / 1000));
  const maximumLifetime = BigInt(Math.floor(by.maxLifetimeMs / 1000));
  const policy = { ...defaultPolicy, maximumLifetime, checkLifetimeOnReceive: true };
  try {
    const suite = getCipherSuite(keyPackage.cipherSuite);
    validateKeyPackage(keyPackage, { suite, policy, nowSeconds, identities });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new RefusedKeyPackage(reasonOf(error), error.code, { cause: error });
  }
}

const REASONS: Partial<Record<MlsErrorCode, RefusalReason>> = {
  LEAF_NODE_EXPIRED: 'LIFETIME',
  LEAF_NODE_LIFETIME_TOO_LONG: 'LIFETIME',
};

function reasonOf(error: MlsError | CodecError | CryptoError): RefusalReason {
  return (error instanceof MlsError ? REASONS[error.code] : undefined) ?? 'INVALID';
}

function isRefusal(error: unknown): error is MlsError | CodecError | CryptoError {
  return error instanceof MlsError || error instanceof CodecError || error instanceof CryptoError;
}

function notAfterOf(source: KeyPackage['leafNode']['source']): bigint {
  // Validation has refused every other source.
  return source.leafNodeSource === LeafNodeSource.keyPackage ? source.lifetime.notAfter : 0n;
}
