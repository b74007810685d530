/**
 * CreateAccessTokens: a signed challenge for a token per service.
 *
 * @module
 */
import { audienceOf, FieldError, requireSize, type Audience, type authentication } from '@canopy/contract';
import { verifyAuthenticationProof } from '@canopy/identity';
import type { UnaryHandler } from '@canopy/service';
import type { EnrolledDevice } from '@canopy/storage';
import { requireProvenDevice, signedBy } from '../device-proof.ts';
import type { Parts } from '../parts.ts';
import { requireSignature } from '../request-fields.ts';
import { signAccessToken } from '../rules/access-token.ts';

type Request = authentication.CreateAccessTokensRequest;
type Handler = UnaryHandler<Request, authentication.CreateAccessTokensResponse, undefined>;

interface Named {
  readonly audience: authentication.TokenAudience;
  readonly name: Audience;
}

const MAX_AUDIENCES = 3;

/** Makes the handler of CreateAccessTokens. */
export function createAccessTokens(parts: Parts): Handler {
  return async (request) => {
    const audiences = requireAudiences(request.audiences);
    const signature = requireSignature(request.signature, 'signature');
    const device = await requireProvenDevice(request, parts, signedBy(verifyAuthenticationProof, signature));
    return { tokens: await Promise.all(audiences.map((named) => tokenFor(named, device, parts))) };
  };
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
  { device, signaturePublicKey: signatureKey }: EnrolledDevice,
  { clock, config, keys }: Parts,
): Promise<authentication.AccessToken> {
  const lifetimes = { nowMs: clock.now(), lifetimeMs: config.tokenLifetime };
  const claims = { device, signatureKey, audience: name, ...lifetimes };
  const { token, expiresAtMs } = await signAccessToken(claims, await keys.signer());
  return { audience, token, expiresAtUnixMs: BigInt(expiresAtMs) };
}
