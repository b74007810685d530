/**
 * RenewCredential: a signed challenge for new credentials of the same key.
 *
 * @module
 */
import { authentication } from '@canopy/contract';
import { verifyRenewalProof } from '@canopy/identity';
import type { UnaryHandler } from '@canopy/service';
import { canIssue, describeCredentials, issueCredentials, requireCredentialTypes } from '../credentials.ts';
import { requireProvenDevice, signedBy } from '../device-proof.ts';
import type { Parts } from '../parts.ts';
import { requireSignature } from '../request-fields.ts';
import { auditEntry, keyHash } from '../rules/audit-entry.ts';

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
    const known = await requireProvenDevice(request, parts, signedBy(verifyRenewalProof, signature));
    if (!canIssue(wanted, parts)) {
      const { CREDENTIAL_TYPE_NOT_ISSUED: reason } = authentication.CredentialRefusalReason;
      return { result: { $case: 'refusal', value: { reason } } };
    }
    const nowMs = parts.clock.now();
    const { device, signaturePublicKey } = known;
    const about = { device, keyHash: keyHash(signaturePublicKey), ...describeCredentials(wanted) };
    await parts.registry.appendAudit(auditEntry({ event: 'credential-renewed', ...about, atMs: nowMs }));
    const value = await issueCredentials(known, { wanted, issuedAtMs: nowMs }, parts);
    return { result: { $case: 'device', value } };
  };
}
