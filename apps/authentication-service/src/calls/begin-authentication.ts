/**
 * BeginAuthentication: a challenge for whoever asks; the answer does not tell who exists.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import type { UnaryHandler } from '@canopy/service';
import { requireDevice } from '../request-fields.ts';
import { authenticationPurpose, makeChallenge } from '../rules/challenge.ts';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<
  authentication.BeginAuthenticationRequest,
  authentication.BeginAuthenticationResponse,
  undefined
>;

/** Makes the handler of BeginAuthentication. */
export function beginAuthentication({ registry, clock, config }: Parts): Handler {
  return async (request) => {
    const device = requireDevice(request.device, 'device', config.domain);
    const nowMs = clock.now();
    const expiresAtMs = nowMs + config.challengeLifetime;
    const challenge = makeChallenge();
    await registry.putChallenge({ challenge, purpose: authenticationPurpose(device), expiresAtMs, nowMs });
    return { challenge, expiresAtUnixMs: BigInt(expiresAtMs) };
  };
}
