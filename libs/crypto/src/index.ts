/**
 * The cryptography of MLS (RFC 9420 §5.1, §5.2, §17.1) on the primitives of the platform.
 *
 * @module
 */

export type { Aead, AeadName } from './aead.ts';
export type { BackEndName } from './back-end/back-end.ts';
export { equal } from './bytes.ts';
export { CipherSuiteId, getCipherSuite, isSupportedCipherSuite } from './cipher-suite.ts';
export type { CipherSuite, CipherSuiteName, CipherSuiteOptions } from './cipher-suite.ts';
export { CryptoError } from './errors.ts';
export type { CryptoErrorCode } from './errors.ts';
export { bytesOfText } from './hash.ts';
export type { Hash, HashName } from './hash.ts';
export { HPKECiphertext } from './hpke/index.ts';
export type { BoundHPKE, HPKE, SenderExport } from './hpke/index.ts';
export type { HPKEExportRequest } from './hpke/key-schedule.ts';
export type { Kdf } from './kdf.ts';
export type { KeyPair } from './keys.ts';
export {
  decryptWithLabel,
  deriveSecret,
  deriveTreeSecret,
  encryptorWithLabel,
  encryptWithLabel,
  expandWithLabel,
  signWithLabel,
  verifyWithLabel,
  verifyWithLabelAsync,
} from './labels.ts';
export type {
  Encrypt,
  LabelledCiphertext,
  LabelledExpansion,
  LabelledPlaintext,
  LabelledSignature,
  TreeSecretExpansion,
} from './labels.ts';
export type { Mac } from './mac.ts';
export { randomBytes } from './random.ts';
export type { Randomness } from './random.ts';
export { makeKeyPackageRef, makeProposalRef, refHash } from './references.ts';
export { wipe } from './secret.ts';
export type { SignatureScheme, SignatureSchemeName } from './signature.ts';
