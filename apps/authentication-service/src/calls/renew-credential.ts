/**
 * RenewCredential: a signed challenge for new credentials of the same key.
 *
 * @module
 */
import { authentication } from '@canopy/contract';
import { verifyRenewalProof } from '@canopy/identity';
import { unauthenticated, type UnaryHandler } from '@canopy/service';
import { canIssue, issueCredentials, requireCredentialTypes } from '../credentials.ts';
import { requireProvenDevice, signedBy } from '../device-proof.ts';
import type { Parts } from '../parts.ts';
import { requireSignature } from '../request-fields.ts';
import { recordRenewal } from '../record-renewal.ts';

type Handler = UnaryHandler<
  authentication.RenewCredentialRequest,
  authentication.RenewCredentialResponse,
  undefined
>;

/** Makes the handler of RenewCredential. */
export function renewCredential(parts: Parts): Handler {
  return async (request) => {
    const wanted = requireCredentialTypes(request.credentialTypes, 'credential_types');
    const signature = requireSignature(request.signature, 'signature');
    const nowMs = parts.clock.now();
    const known = await requireProvenDevice(request, parts, signedBy(verifyRenewalProof, signature));
    if (!canIssue(wanted, parts)) {
      const { CREDENTIAL_TYPE_NOT_ISSUED: reason } = authentication.CredentialRefusalReason;
      return { result: { $case: 'refusal', value: { reason } } };
    }
    const renewed = await recordRenewal(known, wanted, parts);
    // Meanwhile it was revoked, or got another key: what was proven is not true any more.
    if (renewed === undefined) throw unauthenticated('DEVICE_NOT_AUTHENTICATED');
    const value = await issueCredentials(renewed, { wanted, issuedAtMs: nowMs }, parts);
    return { result: { $case: 'device', value } };
  };
}
