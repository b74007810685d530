/**
 * What devices and members sign to show who they are, outside of MLS.
 *
 * Each proof is a structure in the TLS presentation language, signed like SignContent (RFC 9420 §5.1.2) but under labels
 * that begin with "Canopy 1.0 ", so that no proof can pass for a signature of MLS, nor one kind of proof for another.
 *
 * @module
 */
import { CodecError, encode, opaque, struct, uint16, uint64, type Codec, type TypeOf } from '@canopy/codec';
import { CryptoError, getCipherSuite, type CipherSuite } from '@canopy/crypto';

/** Text as opaque UTF-8; only written, never read. */
const text: Codec<string> = {
  write(writer, value) {
    if (!value.isWellFormed()) throw new CodecError('INVALID_VALUE', 'well-formed text expected');
    writer.opaque(new TextEncoder().encode(value));
  },
  read: (reader) => new TextDecoder('utf-8', { fatal: true }).decode(opaque.read(reader)),
};

/** Shows, at enrolment, that a device has the private key of the key that it wants to be known by. */
export const EnrolmentProof = struct({
  challenge: opaque,
  domain: text,
  user: text,
  cipherSuite: uint16,
  signatureKey: opaque,
});
/** Shows, at enrolment, that a device has the private key of the key that it wants to be known by. */
export type EnrolmentProof = TypeOf<typeof EnrolmentProof>;

/** Shows that a caller is an enrolled device. */
export const AuthenticationProof = struct({ challenge: opaque, domain: text, device: text });
/** Shows that a caller is an enrolled device. */
export type AuthenticationProof = TypeOf<typeof AuthenticationProof>;

/** Shows that an enrolled device wants new credentials of its key. */
export const RenewalProof = struct({ challenge: opaque, domain: text, device: text });
/** Shows that an enrolled device wants new credentials of its key. */
export type RenewalProof = TypeOf<typeof RenewalProof>;

/** Shows that an enrolled device wants to be known by another key; signed with its current key and with the other one. */
export const RotationProof = struct({
  challenge: opaque,
  domain: text,
  device: text,
  cipherSuite: uint16,
  /** The new key. */
  signatureKey: opaque,
});
/** Shows that an enrolled device wants to be known by another key; signed with its current key and with the other one. */
export type RotationProof = TypeOf<typeof RotationProof>;

/** Shows that a caller is a member of an epoch, without telling which. */
export const EpochAccessProof = struct({
  /** The method of the Delivery Service, for example `SubmitCommit`. */
  method: text,
  groupId: opaque,
  epoch: uint64,
  timeUnixMs: uint64,
  /** See `hashBody`. */
  bodyHash: opaque,
});
/** Shows that a caller is a member of an epoch, without telling which. */
export type EpochAccessProof = TypeOf<typeof EpochAccessProof>;

const Signed = struct({ label: text, content: opaque });

interface Kind<T> {
  readonly label: string;
  readonly codec: Codec<T>;
}

const enrolment: Kind<EnrolmentProof> = { label: 'Canopy 1.0 Enrolment', codec: EnrolmentProof };
const authentication: Kind<AuthenticationProof> = {
  label: 'Canopy 1.0 Authentication',
  codec: AuthenticationProof,
};
const renewal: Kind<RenewalProof> = { label: 'Canopy 1.0 Renewal', codec: RenewalProof };
const rotation: Kind<RotationProof> = { label: 'Canopy 1.0 Rotation', codec: RotationProof };
const epochAccess: Kind<EpochAccessProof> = { label: 'Canopy 1.0 Epoch access', codec: EpochAccessProof };

/** Access keys are Ed25519 whatever the group's suite, so that the Delivery Service needs one scheme only. */
const accessSuite = getCipherSuite(1);

/** A key and a signature that is said to be made with it. */
export interface Signature {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** Signs an enrolment proof with the device's private key. @throws CryptoError INVALID_PRIVATE_KEY */
export function signEnrolmentProof(
  suite: CipherSuite,
  privateKey: Uint8Array,
  proof: EnrolmentProof,
): Uint8Array {
  return suite.signature.sign(privateKey, toBeSigned(enrolment, proof));
}

/** Tells whether an enrolment proof is signed with the key that it names; malformed keys and values are not. */
export function verifyEnrolmentProof(
  suite: CipherSuite,
  proof: EnrolmentProof,
  signature: Uint8Array,
): boolean {
  return verify(suite, () => toBeSigned(enrolment, proof), { publicKey: proof.signatureKey, signature });
}

/** Signs an authentication proof with the device's private key. @throws CryptoError INVALID_PRIVATE_KEY */
export function signAuthenticationProof(
  suite: CipherSuite,
  privateKey: Uint8Array,
  proof: AuthenticationProof,
): Uint8Array {
  return suite.signature.sign(privateKey, toBeSigned(authentication, proof));
}

/** Tells whether an authentication proof is signed with a key; malformed keys and values are not. */
export function verifyAuthenticationProof(
  suite: CipherSuite,
  proof: AuthenticationProof,
  signed: Signature,
): boolean {
  return verify(suite, () => toBeSigned(authentication, proof), signed);
}

/** Signs a renewal proof with the device's private key. @throws CryptoError INVALID_PRIVATE_KEY */
export function signRenewalProof(
  suite: CipherSuite,
  privateKey: Uint8Array,
  proof: RenewalProof,
): Uint8Array {
  return suite.signature.sign(privateKey, toBeSigned(renewal, proof));
}

/** Tells whether a renewal proof is signed with a key; malformed keys and values are not. */
export function verifyRenewalProof(suite: CipherSuite, proof: RenewalProof, signed: Signature): boolean {
  return verify(suite, () => toBeSigned(renewal, proof), signed);
}

/** Signs a rotation proof with the current or the new private key, each in its own suite. @throws CryptoError INVALID_PRIVATE_KEY */
export function signRotationProof(
  suite: CipherSuite,
  privateKey: Uint8Array,
  proof: RotationProof,
): Uint8Array {
  return suite.signature.sign(privateKey, toBeSigned(rotation, proof));
}

/** Tells whether a rotation proof is signed with a key; malformed keys and values are not. */
export function verifyRotationProof(suite: CipherSuite, proof: RotationProof, signed: Signature): boolean {
  return verify(suite, () => toBeSigned(rotation, proof), signed);
}

/** Signs an epoch access proof with an epoch's access key. @throws CryptoError INVALID_PRIVATE_KEY */
export function signEpochAccessProof(accessPrivateKey: Uint8Array, proof: EpochAccessProof): Uint8Array {
  return accessSuite.signature.sign(accessPrivateKey, toBeSigned(epochAccess, proof));
}

/** Tells whether an epoch access proof is signed with an epoch's access key; malformed keys and values are not. */
export function verifyEpochAccessProof(proof: EpochAccessProof, signed: Signature): boolean {
  return verify(accessSuite, () => toBeSigned(epochAccess, proof), signed);
}

/** Hashes the body of a request for an epoch access proof: SHA-256 over the bytes as they are sent. */
export function hashBody(body: Uint8Array): Uint8Array {
  return accessSuite.hash.digest(body);
}

function toBeSigned<T>({ label, codec }: Kind<T>, proof: T): Uint8Array {
  return encode(Signed, { label, content: encode(codec, proof) });
}

function verify(suite: CipherSuite, content: () => Uint8Array, { publicKey, signature }: Signature): boolean {
  try {
    return suite.signature.verify(publicKey, content(), signature);
  } catch (error) {
    if (error instanceof CryptoError || error instanceof CodecError) return false;
    throw error;
  }
}
