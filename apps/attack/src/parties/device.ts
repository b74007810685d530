/**
 * A device that is enrolled and has access tokens.
 *
 * @module
 */
import { authentication, callUnary } from '@canopy/contract';
import { getCipherSuite, type KeyPair } from '@canopy/crypto';
import {
  ATTESTATION_EXTENSION_TYPE,
  attestationExtension,
  deviceCredential,
  signAuthenticationProof,
  signEnrolmentProof,
} from '@canopy/identity';
import { createKeyPackage, encodeMessage, supportedCapabilities, WireFormat } from '@canopy/mls';
import { Metadata } from '@grpc/grpc-js';
import { DOMAIN } from '../deployment/deployment.ts';
import { replicaOf, type Stubs } from './stubs.ts';

/** The suite of all devices and groups of an attack. */
export const SUITE = getCipherSuite(1);

const { TokenAudience } = authentication;
const AUDIENCES = {
  authentication: TokenAudience.AUTHENTICATION,
  directory: TokenAudience.DIRECTORY,
  delivery: TokenAudience.DELIVERY,
} as const;

/** The services that a token can be for. */
export type TokenFor = keyof typeof AUDIENCES;

/** An enrolled device. */
export interface Device {
  readonly device: string;
  readonly user: string;
  readonly keys: KeyPair;
  readonly attestation: string;
  readonly tokens: Readonly<Record<TokenFor, string>>;
}

/** Makes the metadata of a call with a bearer token. */
export function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** Makes an enrolment code as the administrator. */
export async function createEnrolmentCode(
  stubs: Stubs,
  adminSecret: string,
  userName: string,
): Promise<string> {
  const metadata = bearer(adminSecret);
  const { enrolmentCode } = await callUnary(
    replicaOf(stubs.admin),
    'createEnrolmentCode',
    { userName },
    { metadata },
  );
  return enrolmentCode;
}

/** Enrols a new device of a user, and gets tokens for it. */
export async function enrolDevice(stubs: Stubs, adminSecret: string, userName: string): Promise<Device> {
  const code = await createEnrolmentCode(stubs, adminSecret, userName);
  const keys = SUITE.signature.generateKeyPair();
  const request = await beginEnrolment(stubs, code, keys);
  const { result } = await callUnary(replicaOf(stubs.authentication), 'completeEnrolment', request);
  if (result?.$case !== 'device') throw new Error('the enrolment was refused');
  const { device, user, attestation } = result.value;
  return { device, user, keys, attestation, tokens: await createTokens(stubs, device, keys) };
}

/** Shows a code and signs the challenge: all that is missing is to send it. */
export async function beginEnrolment(
  stubs: Stubs,
  code: string,
  { publicKey: signatureKey, privateKey }: KeyPair,
): Promise<authentication.CompleteEnrolmentRequest> {
  const evidence = { $case: 'enrolmentCode', value: code } as const;
  const { result } = await callUnary(replicaOf(stubs.authentication), 'beginEnrolment', { evidence });
  if (result?.$case !== 'challenge') throw new Error('the enrolment code was refused');
  const { challenge, domain, user } = result.value;
  const proof = { challenge, domain, user, cipherSuite: SUITE.id, signatureKey };
  const signature = signEnrolmentProof(SUITE, privateKey, proof);
  return {
    evidence,
    challenge,
    cipherSuite: SUITE.id,
    signaturePublicKey: signatureKey,
    signature,
    credentialTypes: [],
  };
}

/** Signs a challenge: all that is missing is to send it. */
export async function beginTokens(
  stubs: Stubs,
  device: string,
  { privateKey }: KeyPair,
): Promise<authentication.CreateAccessTokensRequest> {
  const { challenge } = await callUnary(replicaOf(stubs.authentication), 'beginAuthentication', { device });
  const signature = signAuthenticationProof(SUITE, privateKey, { challenge, domain: DOMAIN, device });
  return { device, challenge, signature, audiences: Object.values(AUDIENCES) };
}

/** Gets a token for each service. */
export async function createTokens(stubs: Stubs, device: string, keys: KeyPair): Promise<Device['tokens']> {
  const request = await beginTokens(stubs, device, keys);
  const { tokens } = await callUnary(replicaOf(stubs.authentication), 'createAccessTokens', request);
  const tokenFor = (audience: authentication.TokenAudience): string =>
    tokens.find((token) => token.audience === audience)?.token ?? '';
  return {
    authentication: tokenFor(AUDIENCES.authentication),
    directory: tokenFor(AUDIENCES.directory),
    delivery: tokenFor(AUDIENCES.delivery),
  };
}

const DAY = 86_400n;

/** Makes a KeyPackage of a device, as a message; its private keys are thrown away, since nobody joins. */
export function makeKeyPackage({ device, keys, attestation }: Device): Uint8Array {
  const now = BigInt(Math.floor(Date.now() / 1000));
  const identity = {
    credential: deviceCredential(device),
    signatureKeyPair: keys,
    capabilities: supportedCapabilities([SUITE.id], { extensions: [ATTESTATION_EXTENSION_TYPE] }),
    leafExtensions: [attestationExtension(attestation)],
  };
  const lifetime = { notBefore: now - DAY, notAfter: now + 30n * DAY };
  const { keyPackage } = createKeyPackage({ suite: SUITE, identity, lifetime, grease: true });
  return encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage });
}
