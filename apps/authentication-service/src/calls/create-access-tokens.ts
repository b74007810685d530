/**
 * CreateAccessTokens: a signed challenge for a token per service.
 *
 * @module
 */
import { audienceOf, FieldError, requireSize, type Audience, type authentication } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { verifyAuthenticationProof } from '@canopy/identity';
import { unauthenticated, type UnaryHandler } from '@canopy/service';
import type { EnrolledDevice } from '@canopy/storage';
import { requireChallenge, requireDevice, requireSignature } from '../request-fields.ts';
import { signAccessToken } from '../rules/access-token.ts';
import { authenticationPurpose } from '../rules/challenge.ts';
import type { Parts } from '../parts.ts';

type Request = authentication.CreateAccessTokensRequest;
type Handler = UnaryHandler<Request, authentication.CreateAccessTokensResponse, undefined>;

interface Named {
  readonly audience: authentication.TokenAudience;
  readonly name: Audience;
}

const MAX_AUDIENCES = 3;

/** What a signature for a device that does not exist is checked with: it takes as long as for one that does. */
const decoy = {
  cipherSuite: 1,
  signaturePublicKey: getCipherSuite(1).signature.generateKeyPair().publicKey,
};

/** Makes the handler of CreateAccessTokens. */
export function createAccessTokens(parts: Parts): Handler {
  return async (request) => {
    const audiences = requireAudiences(request.audiences);
    await requireProof(request, parts);
    const tokens = await Promise.all(audiences.map((named) => tokenFor(named, request.device, parts)));
    return { tokens };
  };
}

/** An unknown device, a revoked one, a used challenge and a wrong signature all look alike from outside. */
async function requireProof(request: Request, { registry, clock, config }: Parts): Promise<void> {
  const device = requireDevice(request.device, 'device', config.domain);
  const challenge = requireChallenge(request.challenge, 'challenge');
  const signature = requireSignature(request.signature, 'signature');
  const use = { challenge, purpose: authenticationPurpose(device), nowMs: clock.now() };
  const { outcome } = await registry.consumeChallenge(use);
  const known = await registry.findDevice(device);
  const proven = isProven({ challenge, domain: config.domain, device }, known ?? decoy, signature);
  if (outcome !== 'consumed' || !proven || known === undefined || known.revokedAtMs !== undefined) {
    throw unauthenticated('DEVICE_NOT_AUTHENTICATED');
  }
}

function isProven(
  proof: Parameters<typeof verifyAuthenticationProof>[1],
  key: Pick<EnrolledDevice, 'cipherSuite' | 'signaturePublicKey'>,
  signature: Uint8Array,
): boolean {
  const { cipherSuite, signaturePublicKey: publicKey } = key;
  return verifyAuthenticationProof(getCipherSuite(cipherSuite), proof, { publicKey, signature });
}

function requireAudiences(audiences: readonly authentication.TokenAudience[]): readonly Named[] {
  requireSize(audiences, 'audiences', { minimum: 1, maximum: MAX_AUDIENCES });
  return audiences.map((audience, index) => {
    const name = audienceOf(audience);
    const field = `audiences[${index}]`;
    if (name === undefined) throw new FieldError(field, 'must be one of the services');
    if (audiences.indexOf(audience) !== index) throw new FieldError(field, 'must not be named twice');
    return { audience, name };
  });
}

async function tokenFor(
  { audience, name }: Named,
  device: string,
  { clock, config, keys }: Parts,
): Promise<authentication.AccessToken> {
  const claims = { device, audience: name, nowMs: clock.now(), lifetimeMs: config.tokenLifetime };
  const { token, expiresAtMs } = await signAccessToken(claims, keys);
  return { audience, token, expiresAtUnixMs: BigInt(expiresAtMs) };
}
