/**
 * CompleteEnrolment: evidence, challenge and proof of possession for a device and its credentials.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import { idTokenNonce, verifyEnrolmentProof } from '@canopy/identity';
import type { UnaryHandler } from '@canopy/service';
import type { EnrolledDevice, Enrolment } from '@canopy/storage';
import { decodeJwt } from 'jose';
import {
  canIssue,
  describeCredentials,
  issueCredentials,
  requireCredentialTypes,
  type WantedCredentials,
} from '../credentials.ts';
import type { Parts } from '../parts.ts';
import {
  requireChallenge,
  requireEvidence,
  requireSignature,
  requireSignatureKey,
  type RequestedKey,
  type ShownEvidence,
} from '../request-fields.ts';
import { recordRenewal } from '../record-renewal.ts';
import { auditEntry, keyHash } from '../rules/audit-entry.ts';
import { enrolmentPurpose } from '../rules/challenge.ts';
import { makeDeviceUri } from '../rules/device-id.ts';
import { keptUntilMs } from '../rules/lifetimes.ts';
import { EnrolmentRefusalReason, reasonOf, refusal } from '../rules/enrolment-refusal.ts';

type Request = authentication.CompleteEnrolmentRequest;
type Handler = UnaryHandler<Request, authentication.CompleteEnrolmentResponse, undefined>;
type Reason = authentication.EnrolmentRefusalReason;

/** A request whose fields have the right form. */
interface CheckedRequest extends RequestedKey {
  readonly evidence: ShownEvidence;
  readonly challenge: Uint8Array;
  readonly signature: Uint8Array;
  readonly wanted: WantedCredentials;
}

/** Makes the handler of CompleteEnrolment. */
export function completeEnrolment(parts: Parts): Handler {
  const { registry } = parts;
  return async (request) => {
    const checked = checkRequest(request);
    const { evidence, wanted } = checked;
    const known = await registry.findEvidence(evidence.hash);
    if (known === undefined) return { result: refusal(reasonOf('evidenceUnknown', evidence.kind)) };
    const reason = refusalOf(checked, known.user, parts);
    if (reason !== undefined) return { result: refusal(reason) };
    const done = await registry.completeEnrolment(enrolmentOf(checked, known.user, parts));
    if (!('device' in done)) return { result: refusal(reasonOf(done.outcome, evidence.kind)) };
    const device = done.outcome === 'enrolled' ? done.device : await repeat(done.device, wanted, parts);
    if (device === undefined) return { result: refusal(reasonOf('evidenceUsed', evidence.kind)) };
    // Since the time of the enrolment, so that asking again gives no longer life.
    const issuance = { wanted, issuedAtMs: device.enrolledAtMs };
    return { result: { $case: 'device', value: await issueCredentials(device, issuance, parts) } };
  };
}

function checkRequest(request: Request): CheckedRequest {
  return {
    evidence: requireEvidence(request.evidence, 'evidence'),
    challenge: requireChallenge(request.challenge, 'challenge'),
    ...requireSignatureKey(request),
    signature: requireSignature(request.signature, 'signature'),
    wanted: requireCredentialTypes(request.credentialTypes, 'credential_types'),
  };
}

/** Gives why nothing can be enrolled, whatever the store says. */
function refusalOf(checked: CheckedRequest, user: string, parts: Parts): Reason | undefined {
  const { domain } = parts.config;
  if (!isProven(checked, domain, user)) return EnrolmentRefusalReason.PROOF_INVALID;
  if (!isForKey(checked, domain)) return EnrolmentRefusalReason.ID_TOKEN_OTHER_KEY;
  return canIssue(checked.wanted, parts) ? undefined : EnrolmentRefusalReason.CREDENTIAL_TYPE_NOT_ISSUED;
}

function isProven(checked: CheckedRequest, domain: string, user: string): boolean {
  const { challenge, suite, signatureKey, signature } = checked;
  const proof = { challenge, domain, user, cipherSuite: suite.id, signatureKey };
  return verifyEnrolmentProof(suite, proof, signature);
}

/** The token was verified when its hash became evidence: what it says may be read without a key. */
function isForKey({ evidence, suite, signatureKey }: CheckedRequest, domain: string): boolean {
  if (evidence.kind === 'enrolmentCode') return true;
  const { nonce } = decodeJwt(evidence.value);
  return nonce === idTokenNonce({ domain, cipherSuite: suite.id, signatureKey });
}

/** For so long a lost answer is given again; the evidence would be good for ever otherwise. */
const REPEAT_WINDOW_MS = 600_000;

/**
 * Who lost the answer may ask again, but not for a device that has been revoked since,
 * or has another key.
 */
async function repeat(
  device: EnrolledDevice,
  wanted: WantedCredentials,
  parts: Parts,
): Promise<EnrolledDevice | undefined> {
  const isLate = parts.clock.now() - device.enrolledAtMs > REPEAT_WINDOW_MS;
  return isLate || device.revokedAtMs !== undefined ? undefined : recordRenewal(device, wanted, parts);
}

function enrolmentOf(checked: CheckedRequest, user: string, { clock, config }: Parts): Enrolment {
  const nowMs = clock.now();
  const { evidence, challenge, suite, signatureKey, wanted } = checked;
  const device = makeDeviceUri(user);
  const cipherSuite = suite.id;
  return {
    evidenceHash: evidence.hash,
    challenge,
    challengePurpose: enrolmentPurpose(evidence.hash),
    device,
    cipherSuite,
    signaturePublicKey: signatureKey,
    nowMs,
    keepUntilMs: keptUntilMs(nowMs, config),
    audit: auditEntry({
      event: 'device-enrolled',
      device,
      user,
      cipherSuite,
      keyHash: keyHash(signatureKey),
      ...describeCredentials(wanted),
      atMs: nowMs,
    }),
  };
}
