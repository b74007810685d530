/**
 * CompleteEnrolment: code, challenge and proof of possession for a device and the statement about its key.
 *
 * @module
 */
import { FieldError, requireLength, type authentication } from '@canopy/contract';
import { CryptoError, getCipherSuite, isSupportedCipherSuite, type CipherSuite } from '@canopy/crypto';
import { signAttestation, verifyEnrolmentProof } from '@canopy/identity';
import type { UnaryHandler } from '@canopy/service';
import type { EnrolledDevice, Enrolment } from '@canopy/storage';
import { requireChallenge, requireCode, requireSignature } from '../request-fields.ts';
import { auditEntry, keyHash } from '../rules/audit-entry.ts';
import { enrolmentPurpose } from '../rules/challenge.ts';
import { makeDeviceUri } from '../rules/device-id.ts';
import { hashEnrolmentCode } from '../rules/enrolment-code.ts';
import { EnrolmentRefusalReason, reasonOf, refusal } from '../rules/enrolment-refusal.ts';
import type { Parts } from '../parts.ts';

type Request = authentication.CompleteEnrolmentRequest;
type Handler = UnaryHandler<Request, authentication.CompleteEnrolmentResponse, undefined>;

/** A request whose fields have the right form. */
interface CheckedRequest {
  readonly codeHash: Uint8Array;
  readonly challenge: Uint8Array;
  readonly suite: CipherSuite;
  readonly signatureKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** Makes the handler of CompleteEnrolment. */
export function completeEnrolment(parts: Parts): Handler {
  const { registry, clock, config } = parts;
  return async (request) => {
    const checked = checkRequest(request);
    const code = await registry.findEnrolmentCode(checked.codeHash);
    if (code === undefined) return { result: refusal(EnrolmentRefusalReason.CODE_UNKNOWN) };
    if (!isProven(checked, config.domain, code.user)) {
      return { result: refusal(EnrolmentRefusalReason.PROOF_INVALID) };
    }
    const done = await registry.completeEnrolment(enrolmentOf(checked, code.user, clock.now()));
    if (!('device' in done)) return { result: refusal(reasonOf(done.outcome)) };
    // Who lost the answer may ask again, but not for a device that has been revoked since.
    if (done.device.revokedAtMs !== undefined) return { result: refusal(EnrolmentRefusalReason.CODE_USED) };
    return { result: { $case: 'device', value: await attest(done.device, parts) } };
  };
}

function checkRequest(request: Request): CheckedRequest {
  const codeHash = hashEnrolmentCode(requireCode(request.enrolmentCode, 'enrolment_code'));
  const challenge = requireChallenge(request.challenge, 'challenge');
  if (!isSupportedCipherSuite(request.cipherSuite)) {
    throw new FieldError('cipher_suite', 'must be a cipher suite from 1 to 7');
  }
  const suite = getCipherSuite(request.cipherSuite);
  const signatureKey = requireKey(suite, request.signaturePublicKey);
  return {
    codeHash,
    challenge,
    suite,
    signatureKey,
    signature: requireSignature(request.signature, 'signature'),
  };
}

function requireKey({ signature }: CipherSuite, key: Uint8Array): Uint8Array {
  const field = 'signature_public_key';
  requireLength(key, field, signature.publicKeySize);
  try {
    signature.validatePublicKey(key);
    return key;
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new FieldError(field, `must be a public key for ${signature.scheme}`, { cause: error });
  }
}

function isProven(
  { challenge, suite, signatureKey, signature }: CheckedRequest,
  domain: string,
  user: string,
): boolean {
  return verifyEnrolmentProof(
    suite,
    { challenge, domain, user, cipherSuite: suite.id, signatureKey },
    signature,
  );
}

function enrolmentOf(checked: CheckedRequest, user: string, nowMs: number): Enrolment {
  const { codeHash, challenge, suite, signatureKey } = checked;
  const device = makeDeviceUri(user);
  const cipherSuite = suite.id;
  const hashed = keyHash(signatureKey);
  return {
    codeHash,
    challenge,
    challengePurpose: enrolmentPurpose(codeHash),
    device,
    cipherSuite,
    signaturePublicKey: signatureKey,
    nowMs,
    audit: auditEntry({
      event: 'device-enrolled',
      device,
      user,
      cipherSuite,
      keyHash: hashed,
      atMs: nowMs,
    }),
  };
}

/** States the key since the time of its enrolment, so that asking again gives the same words and no longer life. */
async function attest(
  known: EnrolledDevice,
  { config, keys }: Parts,
): Promise<authentication.EnrolledDevice> {
  const { device, user, cipherSuite, signaturePublicKey: signatureKey, enrolledAtMs: issuedAtMs } = known;
  const expiresAtMs = Math.floor((issuedAtMs + config.attestationLifetime) / 1000) * 1000;
  const claims = { device, cipherSuite, signatureKey, issuedAtMs, expiresAtMs };
  const attestation = await signAttestation(claims, keys);
  return { device, user, attestation, attestationExpiresAtUnixMs: BigInt(expiresAtMs) };
}
