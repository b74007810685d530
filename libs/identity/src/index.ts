/**
 * Who is who: names of users and devices, proofs of possession, attestations, and the judge of a group's identities.
 *
 * @module
 */
export { IdentityError } from './errors.ts';
export type { IdentityErrorCode } from './errors.ts';
export {
  formatDeviceUri,
  formatUserUri,
  isDomain,
  isUserName,
  MAX_DEVICE_URI_LENGTH,
  parseDeviceUri,
  parseUserUri,
  userOfDevice,
} from './device-uri.ts';
export type { DeviceUri, UserUri } from './device-uri.ts';
export { deviceCredential, deviceOfCredential } from './device-credential.ts';
export { findNamedDevice, namedDevice } from './named-device.ts';
export {
  AuthenticationProof,
  EnrolmentProof,
  EpochAccessProof,
  hashBody,
  RenewalProof,
  RotationProof,
  signAuthenticationProof,
  signEnrolmentProof,
  signEpochAccessProof,
  signRenewalProof,
  signRotationProof,
  verifyAuthenticationProof,
  verifyEnrolmentProof,
  verifyEpochAccessProof,
  verifyRenewalProof,
  verifyRotationProof,
} from './proofs.ts';
export type { Signature } from './proofs.ts';
export { idTokenNonce } from './id-token-nonce.ts';
export type { IdTokenNonceInput } from './id-token-nonce.ts';
export { ACCESS_KEY_LENGTH, deriveAccessKeyPair, epochAccessExport } from './epoch-access.ts';
export {
  ATTESTATION_EXTENSION_TYPE,
  attestationExtension,
  attestationOf,
  MAX_ATTESTATION_LENGTH,
  signAttestation,
  verifyAttestation,
} from './attestation.ts';
export type {
  Attestation,
  AttestationCheck,
  AttestationClaims,
  AttestationRefusal,
  AttestationSigner,
  AttestationVerdict,
} from './attestation.ts';
export { parseJwks } from './jwks.ts';
export type { AttestationKeys } from './jwks.ts';
export { createIdentityProvider } from './identity-provider.ts';
export type { Clock, IdentityProviderOptions, IdentityRefusal } from './identity-provider.ts';
export { createDeviceIdentityProvider, DeviceIdentities } from './device-identities.ts';
export type { DeviceIdentitiesOptions } from './device-identities.ts';
export { combineIdentityProviders } from './combine-identity-providers.ts';
export type { ChangeOfTypeRefusal, CombinedProvidersOptions } from './combine-identity-providers.ts';
export type { StatementFault } from './signed-statement.ts';

export { MAX_CERTIFICATE_SIZE } from './x509/certificate.ts';
export type { X509Certificate } from './x509/certificate.ts';
export type { PathLimits } from './x509/find-paths.ts';
export { deviceIdentifiers, nameIdentifiers } from './x509/identifiers.ts';
export type { IdentifierKind, ReferenceIdentifiers } from './x509/identifiers.ts';
export type { X509Refusal } from './x509/refusal.ts';
export type { TrustedCertificates } from './x509/trust-store.ts';
export {
  deviceOfX509Credential,
  MAX_CHAIN_LENGTH,
  MAX_CHAIN_SIZE,
  x509Credential,
} from './x509/x509-credential.ts';
export {
  issueAuthorityCertificate,
  issueDeviceCertificate,
  makeSerialNumber,
  selfIssuer,
} from './x509/issue-certificate.ts';
export type {
  AuthorityCertificateRequest,
  DeviceCertificateRequest,
  IssuedCertificate,
} from './x509/issue-certificate.ts';
export { readIssuer } from './x509/issuer.ts';
export type { CertificateIssuer } from './x509/issuer.ts';
export { readPemCertificates, toPem } from './x509/pem.ts';
export { createX509IdentityProvider } from './x509/x509-identity-provider.ts';
export type { X509IdentityProviderOptions, X509IdentityRefusal } from './x509/x509-identity-provider.ts';

export { nameOfCertificate } from './revocation/certificate-name.ts';
export type { CertificateName } from './revocation/certificate-name.ts';
export type { RevocationOptions, RevocationRefusal, StaleListPolicy } from './revocation/revocation-check.ts';
export {
  MAX_REVOCATION_LIST_LENGTH,
  nameOfSignatureKey,
  signRevocationList,
  verifyRevocationList,
} from './revocation/revocation-list.ts';
export type {
  RevocationClaims,
  RevocationList,
  RevocationListCheck,
  RevocationListRefusal,
  RevocationListVerdict,
} from './revocation/revocation-list.ts';
export { RevocationLists } from './revocation/revocation-lists.ts';
export type { RevocationListsOptions, RevocationSource } from './revocation/revocation-lists.ts';

export { hashOfReceipt, MAX_RECEIPT_LENGTH, receiptHash, signReceipt } from './receipts/receipt.ts';
export type { Receipt } from './receipts/receipt.ts';
export { createReceiptKey, openReceiptKey, receiptJwks } from './receipts/receipt-key.ts';
export type { ReceiptSigner, StoredReceiptKey } from './receipts/receipt-key.ts';
export { contradictsReceipt, followsReceipt, verifyReceipt } from './receipts/verify-receipt.ts';
export type {
  KnownReceipt,
  ReceiptCheck,
  ReceiptRefusal,
  ReceiptVerdict,
} from './receipts/verify-receipt.ts';
