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
export {
  AuthenticationProof,
  EnrolmentProof,
  EpochAccessProof,
  hashBody,
  signAuthenticationProof,
  signEnrolmentProof,
  signEpochAccessProof,
  verifyAuthenticationProof,
  verifyEnrolmentProof,
  verifyEpochAccessProof,
} from './proofs.ts';
export type { Signature } from './proofs.ts';
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
