/**
 * Enrols devices and gets tokens for them, as any client does.
 *
 * @module
 */
import { authentication, callUnary, connect } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { signAuthenticationProof, signEnrolmentProof } from '@canopy/identity';
import { Metadata } from '@grpc/grpc-js';
import type { BenchDevice } from '../load/job.ts';
import { CIPHER_SUITE } from './group.ts';

const { AuthenticationAdminServiceClient, AuthenticationServiceClient, TokenAudience } = authentication;
const suite = getCipherSuite(CIPHER_SUITE);
const AUDIENCES = [TokenAudience.DIRECTORY, TokenAudience.DELIVERY];

/** Where the Authentication Service is. */
export interface Registrar {
  readonly address: string;
  readonly domain: string;
  readonly administratorSecret: string;
}

/** Makes the metadata of a call with a bearer token. */
export function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** Enrols so many devices, each of a user of its own. */
export async function enrolDevices(registrar: Registrar, count: number): Promise<readonly BenchDevice[]> {
  const { address, administratorSecret } = registrar;
  const administrator = connect(AuthenticationAdminServiceClient, { address });
  const service = connect(AuthenticationServiceClient, { address });
  const metadata = bearer(administratorSecret);
  const devices: BenchDevice[] = [];
  for (let index = 0; index < count; index += 1) {
    const userName = `user${index}`;
    const { enrolmentCode } = await callUnary(
      administrator,
      'createEnrolmentCode',
      { userName },
      { metadata },
    );
    devices.push(await enrol(service, registrar.domain, enrolmentCode));
  }
  administrator.close();
  service.close();
  return devices;
}

/** Signs a challenge of a device: all that is missing is to send it. */
export function tokensRequest(
  { device, keys }: Pick<BenchDevice, 'device' | 'keys'>,
  domain: string,
  challenge: Uint8Array,
): authentication.CreateAccessTokensRequest {
  const signature = signAuthenticationProof(suite, keys.privateKey, { challenge, domain, device });
  return { device, challenge, signature, audiences: AUDIENCES };
}

async function enrol(
  service: authentication.AuthenticationServiceClient,
  domain: string,
  code: string,
): Promise<BenchDevice> {
  const keys = suite.signature.generateKeyPair();
  const evidence = { $case: 'enrolmentCode', value: code } as const;
  const begun = await callUnary(service, 'beginEnrolment', { evidence });
  if (begun.result?.$case !== 'challenge') throw new Error('the enrolment code was refused');
  const { challenge, user } = begun.result.value;
  const proof = { challenge, domain, user, cipherSuite: CIPHER_SUITE, signatureKey: keys.publicKey };
  const signature = signEnrolmentProof(suite, keys.privateKey, proof);
  const request = {
    ...authentication.CompleteEnrolmentRequest.decode(new Uint8Array()),
    evidence,
    challenge,
    cipherSuite: CIPHER_SUITE,
    signaturePublicKey: keys.publicKey,
    signature,
  };
  const { result } = await callUnary(service, 'completeEnrolment', request);
  if (result?.$case !== 'device') throw new Error('the enrolment was refused');
  const { device, attestation } = result.value;
  const again = await callUnary(service, 'beginAuthentication', { device });
  const asked = tokensRequest({ device, keys }, domain, again.challenge);
  const { tokens } = await callUnary(service, 'createAccessTokens', asked);
  const tokenFor = (audience: authentication.TokenAudience): string =>
    tokens.find((token) => token.audience === audience)?.token ?? '';
  return {
    device,
    user,
    keys,
    attestation,
    directoryToken: tokenFor(TokenAudience.DIRECTORY),
    deliveryToken: tokenFor(TokenAudience.DELIVERY),
  };
}
