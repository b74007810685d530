/**
 * RotateCredential: a challenge that is signed with the current key and with the next one, for credentials of the next one.
 *
 * @module
 */
import { authentication } from '@canopy/contract';
import { equal, getCipherSuite } from '@canopy/crypto';
import { nameOfSignatureKey, verifyRotationProof, type RotationProof } from '@canopy/identity';
import { unauthenticated, type UnaryHandler } from '@canopy/service';
import type { EnrolledDevice, Rotation, RotationOutcome } from '@canopy/storage';
import {
  canIssue,
  describeCredentials,
  issueCredentials,
  requireCredentialTypes,
  type WantedCredentials,
} from '../credentials.ts';
import { requireProvenDevice, type DeviceStatement, type KnownKey } from '../device-proof.ts';
import type { Parts } from '../parts.ts';
import { requireSignature, requireSignatureKey, type RequestedKey } from '../request-fields.ts';
import { recordRenewal } from '../record-renewal.ts';
import { auditEntry, keyHash } from '../rules/audit-entry.ts';
import { keptUntilMs } from '../rules/lifetimes.ts';

type Request = authentication.RotateCredentialRequest;
type Response = authentication.RotateCredentialResponse;
type Handler = UnaryHandler<Request, Response, undefined>;

const { CredentialRefusalReason } = authentication;

/** A request whose fields have the right form. */
interface CheckedRequest extends RequestedKey {
  readonly currentSignature: Uint8Array;
  readonly signature: Uint8Array;
  readonly wanted: WantedCredentials;
  readonly revokeCurrentKey: boolean;
}

/** Makes the handler of RotateCredential. */
export function rotateCredential(parts: Parts): Handler {
  return async (request) => {
    const checked = checkRequest(request);
    const known = await requireProvenDevice(request, parts, (statement, key) =>
      isProven(statement, key, checked),
    );
    if (!canIssue(checked.wanted, parts)) return refused(CredentialRefusalReason.CREDENTIAL_TYPE_NOT_ISSUED);
    const done = await rotate(known, checked, parts);
    if (done.outcome === 'keyInUse') return refused(CredentialRefusalReason.KEY_IN_USE);
    // Meanwhile it was revoked, or got another key: what was proven is not true any more.
    if (!('device' in done)) throw unauthenticated('DEVICE_NOT_AUTHENTICATED');
    const issuance = { wanted: checked.wanted, issuedAtMs: done.device.keySinceMs };
    return { result: { $case: 'device', value: await issueCredentials(done.device, issuance, parts) } };
  };
}

function checkRequest(request: Request): CheckedRequest {
  return {
    ...requireSignatureKey(request),
    currentSignature: requireSignature(request.currentSignature, 'current_signature'),
    signature: requireSignature(request.signature, 'signature'),
    wanted: requireCredentialTypes(request.credentialTypes, 'credential_types'),
    revokeCurrentKey: request.revokeCurrentKey,
  };
}

/** Whoever lost the answer has the new key as its current one already, and proves no more than that. */
function isProven(statement: DeviceStatement, known: KnownKey, checked: CheckedRequest): boolean {
  const { suite, signatureKey, signature, currentSignature } = checked;
  const proof: RotationProof = { ...statement, cipherSuite: suite.id, signatureKey };
  const byNew = verifyRotationProof(suite, proof, { publicKey: signatureKey, signature });
  if (isRotated(known, checked)) return byNew;
  const { cipherSuite, signaturePublicKey: publicKey } = known;
  const signed = { publicKey, signature: currentSignature };
  return verifyRotationProof(getCipherSuite(cipherSuite), proof, signed) && byNew;
}

function isRotated(known: KnownKey, { suite, signatureKey }: RequestedKey): boolean {
  return known.cipherSuite === suite.id && equal(known.signaturePublicKey, signatureKey);
}

async function rotate(
  known: EnrolledDevice,
  checked: CheckedRequest,
  parts: Parts,
): Promise<RotationOutcome> {
  if (isRotated(known, checked)) {
    const device = await recordRenewal(known, checked.wanted, parts);
    return device === undefined ? { outcome: 'otherKey' } : { outcome: 'rotated', device };
  }
  const { registry, limits, clock, config, revocationList } = parts;
  const { device, user, signaturePublicKey: currentKey } = known;
  const { suite, signatureKey, wanted, revokeCurrentKey } = checked;
  await limits.admitIssuance(device);
  if (revokeCurrentKey) await limits.admitRevokedKey(user);
  const nowMs = clock.now();
  const keepUntilMs = keptUntilMs(nowMs, config);
  const issued = { keyHash: keyHash(signatureKey), ...describeCredentials(wanted), atMs: nowMs };
  const audit = auditEntry({
    event: 'credential-rotated',
    device,
    cipherSuite: suite.id,
    previousKeyHash: keyHash(currentKey),
    previousKeyRevoked: revokeCurrentKey,
    ...issued,
  });
  const revoked: Pick<Rotation, 'revoked'> = revokeCurrentKey
    ? { revoked: { kind: 'key', name: nameOfSignatureKey(currentKey), keepUntilMs } }
    : {};
  const next = { cipherSuite: suite.id, signaturePublicKey: signatureKey };
  const done = await registry.rotateKey({
    device,
    currentKey,
    ...next,
    ...revoked,
    nowMs,
    keepUntilMs,
    audit,
  });
  revocationList.forget();
  return done;
}

function refused(reason: authentication.CredentialRefusalReason): Response {
  return { result: { $case: 'refusal', value: { reason } } };
}
