/**
 * What can be set about the authentication service.
 *
 * @module
 */
import { isDomain } from '@canopy/identity';
import {
  checkStore,
  duration,
  integer,
  only,
  optional,
  path,
  port,
  readConfig,
  secret,
  serverSettings,
  storeSettings,
  text,
  type ConfigCheck,
  type ConfigOf,
} from '@canopy/service';

const SECOND = 1_000;
const DAY = 86_400_000;

/** The settings of the authentication service. */
export const authenticationSettings = {
  ...serverSettings,
  ...storeSettings,
  domain: only(
    text({ env: 'CANOPY_DOMAIN', description: 'the trust domain that it speaks for' }),
    'DNS name in lower case without a final dot',
    isDomain,
  ),
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
    description: 'time after which an attestation has to be renewed',
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
  x509IssuerCertificate: optional(
    path({
      env: 'CANOPY_X509_ISSUER_CERTIFICATE',
      description: 'the issuing CA and the CAs above it in PEM; without it no certificates are issued',
    }),
  ),
  x509IssuerKey: optional(
    secret({ env: 'CANOPY_X509_ISSUER_KEY', description: 'private key of the issuing CA in PEM' }),
  ),
  x509Anchors: optional(
    path({
      env: 'CANOPY_X509_ANCHORS',
      description: 'trust anchors in PEM, besides the roots among the CAs above',
    }),
  ),
  x509Lifetime: duration({
    env: 'CANOPY_X509_LIFETIME',
    description: "time after which a device's certificate has to be renewed",
    default: '90d',
    minimumMs: 60 * SECOND,
    maximumMs: 3_650 * DAY,
  }),
  oidcIssuer: optional(
    only(
      text({
        env: 'CANOPY_OIDC_ISSUER',
        description: 'the OpenID provider whose ID tokens enrol devices; without it only codes do',
      }),
      'https address, or http on this machine',
      isIssuer,
    ),
  ),
  oidcClientId: optional(
    text({ env: 'CANOPY_OIDC_CLIENT_ID', description: 'the audience that ID tokens have to be made for' }),
  ),
  oidcUserClaim: text({
    env: 'CANOPY_OIDC_USER_CLAIM',
    description: 'the claim of an ID token that is the name of the user',
    default: 'preferred_username',
  }),
  oidcCa: optional(
    path({ env: 'CANOPY_OIDC_CA', description: 'certificates to trust at the provider in PEM' }),
  ),
  signingKeyLifetime: duration({
    env: 'CANOPY_SIGNING_KEY_LIFETIME',
    description: 'time that a key signs before the next one does',
    default: '90d',
    minimumMs: 60 * SECOND,
    maximumMs: 3_650 * DAY,
  }),
  credentialsPerDay: integer({
    env: 'CANOPY_CREDENTIALS_PER_DAY',
    description:
      'how often a device may renew or rotate its credential in a day, and how many keys a user may revoke',
    default: '10',
    minimum: 1,
    maximum: 1_000_000,
  }),
  enrolmentsPerDay: integer({
    env: 'CANOPY_ENROLMENTS_PER_DAY',
    description: 'how many devices a user may enrol by ID token in a day',
    default: '10',
    minimum: 1,
    maximum: 1_000_000,
  }),
  storeKey: optional(
    secret({
      env: 'CANOPY_STORE_KEY',
      description: 'what the private signing keys are encrypted with in the store',
      minimumLength: 32,
    }),
  ),
  previousStoreKey: optional(
    secret({
      env: 'CANOPY_PREVIOUS_STORE_KEY',
      description: 'what CANOPY_STORE_KEY was before, for the keys that were made with it',
      minimumLength: 32,
    }),
  ),
  revocationListLifetime: duration({
    env: 'CANOPY_REVOCATION_LIST_LIFETIME',
    description: 'time that a revocation list counts; the next one is there after half of it',
    default: '1h',
    minimumMs: 10 * SECOND,
    maximumMs: 30 * DAY,
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
  return readConfig(authenticationSettings, environment, check);
}

/** So many keys does everybody read from a key set, with some to spare. */
const MAX_KEYS = 50;

const check: ConfigCheck<typeof authenticationSettings> = (values) => [
  ...checkStore(values),
  ...together(values, ['x509IssuerCertificate', 'x509IssuerKey']),
  ...together(values, ['oidcIssuer', 'oidcClientId']),
  ...keysFault(values),
];

type Values = Parameters<typeof check>[0];

function together(values: Values, names: readonly (keyof Values)[]): readonly string[] {
  const given = names.filter((name) => values[name] !== undefined);
  if (given.length === 0 || given.length === names.length) return [];
  const variables = names.map((name) => authenticationSettings[name].env);
  return [`${variables.join(' and ')} are only of use together`];
}

/** A key stays in the key set for as long as what it has signed holds. */
function keysFault({ attestationLifetime, signingKeyLifetime }: Values): readonly string[] {
  if (attestationLifetime === undefined || signingKeyLifetime === undefined) return [];
  if (attestationLifetime / signingKeyLifetime <= MAX_KEYS) return [];
  return [
    `CANOPY_SIGNING_KEY_LIFETIME must be at least a ${MAX_KEYS}th of CANOPY_ATTESTATION_LIFETIME, or the key set grows too large`,
  ];
}

/** Whoever can read or change what the provider answers could enrol as anybody. */
function isIssuer(issuer: string): boolean {
  const url = URL.parse(issuer);
  if (url === null || url.search !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
