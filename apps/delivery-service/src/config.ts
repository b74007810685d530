/**
 * What can be set about the delivery service.
 *
 * @module
 */
import {
  authenticationPeerSettings,
  checkStore,
  duration,
  integer,
  optional,
  path,
  readConfig,
  revocationSettings,
  serverSettings,
  storeSettings,
  type ConfigOf,
} from '@canopy/service';

const MEGABYTE = 1024 * 1024;

/** The settings of the delivery service. */
export const deliverySettings = {
  ...serverSettings,
  ...authenticationPeerSettings,
  ...revocationSettings,
  ...storeSettings,
  proofTolerance: duration({
    env: 'CANOPY_PROOF_TOLERANCE',
    description: 'how far the time in a proof may be from the clock, either way',
    default: '2m',
    minimumMs: 1_000,
    maximumMs: 3_600_000,
  }),
  maxPastEpochs: integer({
    env: 'CANOPY_MAX_PAST_EPOCHS',
    description: 'how many epochs before the current one an application message may come from',
    default: '3',
    minimum: 0,
    maximum: 1_000,
  }),
  maxMlsMessageBytes: integer({
    env: 'CANOPY_MAX_MLS_MESSAGE_BYTES',
    description: 'largest proposal or application message',
    default: String(MEGABYTE),
    minimum: 1_024,
    maximum: 32 * MEGABYTE,
  }),
  maxBundleBytes: integer({
    env: 'CANOPY_MAX_BUNDLE_BYTES',
    description: 'largest commit with all that belongs to it',
    default: String(4 * MEGABYTE - 16 * 1024),
    minimum: 1_024,
    maximum: 64 * MEGABYTE,
  }),
  maxWelcomeRecipients: integer({
    env: 'CANOPY_MAX_WELCOME_RECIPIENTS',
    description: 'devices that one commit may add',
    default: '1000',
    minimum: 1,
    maximum: 4_000,
  }),
  maxWelcomeBytes: integer({
    env: 'CANOPY_MAX_WELCOME_BYTES',
    description: 'what the Welcomes of one commit may take up in all mailboxes together',
    default: String(64 * MEGABYTE),
    minimum: 1_024,
    maximum: 1_024 * MEGABYTE,
  }),
  pageEntries: integer({
    env: 'CANOPY_PAGE_ENTRIES',
    description: 'entries in one page at most, and when the caller does not say',
    default: '200',
    minimum: 1,
    maximum: 1_000,
  }),
  pageBytes: integer({
    env: 'CANOPY_PAGE_BYTES',
    description: 'bytes in one page; a larger entry is a page of its own',
    default: String(MEGABYTE / 4),
    minimum: 1_024,
    maximum: 16 * MEGABYTE,
  }),
  topicsPerStream: integer({
    env: 'CANOPY_TOPICS_PER_STREAM',
    description: 'groups that one stream may follow',
    default: '1000',
    minimum: 1,
    maximum: 100_000,
  }),
  requestsPerStream: integer({
    env: 'CANOPY_REQUESTS_PER_STREAM',
    description:
      'requests of one stream, of CANOPY_MAX_MESSAGE_BYTES together, that may be without an answer before it is no longer read',
    default: '1024',
    minimum: 1,
    maximum: 10_000,
  }),
  requestsPerDevice: integer({
    env: 'CANOPY_REQUESTS_PER_DEVICE',
    description: 'requests per second of one device, ten seconds of them at once; 0 for no limit',
    default: '1000',
    minimum: 0,
    maximum: 1_000_000,
  }),
  requestsPerGroup: integer({
    env: 'CANOPY_REQUESTS_PER_GROUP',
    description: 'requests per second about one group, ten seconds of them at once; 0 for no limit',
    default: '2000',
    minimum: 0,
    maximum: 1_000_000,
  }),
  resyncEpochs: integer({
    env: 'CANOPY_RESYNC_EPOCHS',
    description:
      'how many epochs before the current one a proof may be from that joins again by an external commit',
    default: '1000',
    minimum: 0,
    maximum: 1_000_000,
  }),
  ticketLifetime: duration({
    env: 'CANOPY_TICKET_LIFETIME',
    description: 'how long a ticket for a guest lasts at most',
    default: '7d',
    minimumMs: 1_000,
    maximumMs: 31_536_000_000,
  }),
  ticketsPerGroup: integer({
    env: 'CANOPY_TICKETS_PER_GROUP',
    description: 'tickets of one group that may be open at a time',
    default: '100',
    minimum: 1,
    maximum: 10_000,
  }),
  retentionAge: duration({
    env: 'CANOPY_RETENTION_AGE',
    description: 'how long entries of a log and of a mailbox are kept; the newest of a log is kept longer',
    default: '90d',
    minimumMs: 1_000,
    maximumMs: 315_360_000_000,
  }),
  retentionEntries: integer({
    env: 'CANOPY_RETENTION_ENTRIES',
    description: 'entries of one log that are kept',
    default: '1000000',
    minimum: 1,
    maximum: 1_000_000_000,
  }),
  mailboxEntries: integer({
    env: 'CANOPY_MAILBOX_ENTRIES',
    description: 'Welcomes that one mailbox holds; more wait in the logs of their groups',
    default: '1000',
    minimum: 1,
    maximum: 1_000_000,
  }),
  retentionInterval: duration({
    env: 'CANOPY_RETENTION_INTERVAL',
    description: 'pause between two looks for entries that are no longer kept',
    default: '10m',
    minimumMs: 10,
    maximumMs: 86_400_000,
  }),
  publicStateBytes: integer({
    env: 'CANOPY_PUBLIC_STATE_BYTES',
    description: 'GroupInfos and trees, in bytes, whose groups are kept in memory to check public commits',
    default: String(64 * MEGABYTE),
    minimum: 0,
    maximum: 4_096 * MEGABYTE,
  }),
  pageCacheBytes: integer({
    env: 'CANOPY_PAGE_CACHE_BYTES',
    description: 'bytes of pages that are kept in memory for all streams together',
    default: String(32 * MEGABYTE),
    minimum: 0,
    maximum: 4_096 * MEGABYTE,
  }),
  x509TrustAnchors: optional(
    path({
      env: 'CANOPY_X509_TRUST_ANCHORS',
      description:
        'certificates in PEM at which the X.509 chain of a joiner may end; without it those of the authentication service count',
    }),
  ),
  outboxInterval: duration({
    env: 'CANOPY_OUTBOX_INTERVAL',
    description: 'pause between two looks for Welcomes that did not reach their mailboxes',
    default: '5s',
    minimumMs: 10,
    maximumMs: 3_600_000,
  }),
} as const;

/** What the delivery service is configured with. */
export type DeliveryConfig = ConfigOf<typeof deliverySettings>;

/** What a response may hold besides the entries themselves: group ids, numbers, lengths. */
const ENTRY_OVERHEAD = 320;
const MESSAGE_OVERHEAD = 4_096;

/** Reads the configuration. @throws {ConfigError} */
export function readDeliveryConfig(environment: NodeJS.ProcessEnv): DeliveryConfig {
  return readConfig(deliverySettings, environment, (values) => [
    ...checkStore(values),
    ...checkLimits(values),
  ]);
}

/** What was accepted must fit into what its readers are sent. */
function checkLimits({
  maxMessageBytes = Infinity,
  maxBundleBytes = 0,
  maxMlsMessageBytes = 0,
  pageBytes = 0,
  pageEntries = 0,
}: Partial<DeliveryConfig>): readonly string[] {
  const largest = maxMessageBytes - MESSAGE_OVERHEAD;
  const page = pageBytes + pageEntries * ENTRY_OVERHEAD;
  return [
    ...faultOf('CANOPY_MAX_BUNDLE_BYTES', maxBundleBytes, largest),
    ...faultOf('CANOPY_MAX_MLS_MESSAGE_BYTES', maxMlsMessageBytes, largest),
    ...faultOf(`CANOPY_PAGE_BYTES with ${ENTRY_OVERHEAD} for each of CANOPY_PAGE_ENTRIES`, page, largest),
  ];
}

function faultOf(name: string, value: number, largest: number): readonly string[] {
  return value <= largest
    ? []
    : [`${name} is ${value}, but CANOPY_MAX_MESSAGE_BYTES leaves room for ${largest}`];
}
