/**
 * What can be set about the authentication service.
 *
 * @module
 */
import { isDomain } from '@canopy/identity';
import {
  duration,
  only,
  optional,
  path,
  port,
  readConfig,
  secret,
  serverSettings,
  text,
  type ConfigOf,
} from '@canopy/service';

const SECOND = 1_000;
const DAY = 86_400_000;

/** The settings of the authentication service. */
export const authenticationSettings = {
  ...serverSettings,
  domain: only(
    text({ env: 'CANOPY_DOMAIN', description: 'the trust domain that it speaks for' }),
    'DNS name in lower case without a final dot',
    isDomain,
  ),
  data: path({ env: 'CANOPY_DATA', description: 'folder of the store file, made when missing' }),
  adminSecret: optional(
    secret({
      env: 'CANOPY_ADMIN_SECRET',
      description: 'what an administrator shows; without it there is no AuthenticationAdminService',
      minimumLength: 32,
    }),
  ),
  httpPort: optional(
    port({
      env: 'CANOPY_HTTP_PORT',
      description: 'port of /.well-known/jwks.json, 0 for any free one; without it there is none',
    }),
  ),
  enrolmentCodeLifetime: duration({
    env: 'CANOPY_ENROLMENT_CODE_LIFETIME',
    description: 'time in which an enrolment code has to be used',
    default: '7d',
    minimumMs: SECOND,
    maximumMs: 90 * DAY,
  }),
  attestationLifetime: duration({
    env: 'CANOPY_ATTESTATION_LIFETIME',
    description: 'time after which a device has to be enrolled anew',
    default: '365d',
    minimumMs: 60 * SECOND,
    maximumMs: 3_650 * DAY,
  }),
  challengeLifetime: duration({
    env: 'CANOPY_CHALLENGE_LIFETIME',
    description: 'time in which a challenge has to be signed',
    default: '2m',
    minimumMs: SECOND,
    maximumMs: 600 * SECOND,
  }),
  tokenLifetime: duration({
    env: 'CANOPY_TOKEN_LIFETIME',
    description: 'time that an access token works, also after its device was revoked',
    default: '10m',
    minimumMs: SECOND,
    maximumMs: 3_600 * SECOND,
  }),
} as const;

/** What the authentication service is configured with. */
export type AuthenticationConfig = ConfigOf<typeof authenticationSettings>;

/** Reads the configuration. @throws {ConfigError} */
export function readAuthenticationConfig(environment: NodeJS.ProcessEnv): AuthenticationConfig {
  return readConfig(authenticationSettings, environment);
}
