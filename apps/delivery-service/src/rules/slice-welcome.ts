/**
 * Cuts a Welcome so that each joiner gets its own entry only (RFC 9420 §12.4.3.1).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { IdentityError, parseDeviceUri } from '@canopy/identity';
import { encodeMessage, sliceWelcome, WireFormat, type Welcome } from '@canopy/mls';
import type { WelcomeSlice } from '@canopy/storage';
import { readMlsMessage, requireThat, RefusedSubmission } from './refused-submission.ts';

/** How much one commit may put into mailboxes. */
export interface WelcomeLimits {
  /** The domain whose devices have mailboxes here. */
  readonly domain: string;
  readonly maxWelcomeRecipients: number;
  readonly maxWelcomeBytes: number;
}

/**
 * Pairs the entries of a Welcome with their recipients, all of them, each once.
 *
 * @throws {RefusedSubmission} MALFORMED, WRONG_CONTENT, WELCOME_MISMATCH, TOO_LARGE
 */
export function sliceForRecipients(
  bundle: delivery.CommitBundle,
  cipherSuite: number,
  limits: WelcomeLimits,
): readonly WelcomeSlice[] {
  const { welcome: encoded, welcomeRecipients: recipients } = bundle;
  if (encoded.length === 0) {
    matches(recipients.length === 0, 'there are recipients, but no Welcome');
    return [];
  }
  const welcome = readWelcome(encoded);
  requireSizes(welcome, bundle, limits);
  matches(welcome.cipherSuite === cipherSuite, 'the Welcome has another cipher suite');
  requirePairs(welcome, recipients);
  for (const { device } of recipients) requireDevice(device, limits.domain);
  return recipients.map(({ keyPackageRef, device }) => ({ device, welcome: slice(welcome, keyPackageRef) }));
}

function readWelcome(encoded: Uint8Array): Welcome {
  const message = readMlsMessage(encoded, 'welcome');
  if (message.wireFormat !== WireFormat.welcome) {
    throw new RefusedSubmission('WRONG_CONTENT', 'welcome: is not a Welcome');
  }
  return message.welcome;
}

/** Every mailbox gets a copy of the encrypted GroupInfo: a small bundle could fill a disk. */
function requireSizes(welcome: Welcome, bundle: delivery.CommitBundle, limits: WelcomeLimits): void {
  const { maxWelcomeRecipients, maxWelcomeBytes } = limits;
  const { welcomeRecipients: recipients } = bundle;
  const shared = welcome.encryptedGroupInfo.length;
  requireThat(
    recipients.length <= maxWelcomeRecipients,
    'TOO_LARGE',
    `CANOPY_MAX_WELCOME_RECIPIENTS: a commit adds at most ${maxWelcomeRecipients} devices`,
  );
  requireThat(
    shared * recipients.length + bundle.welcome.length <= maxWelcomeBytes,
    'TOO_LARGE',
    `CANOPY_MAX_WELCOME_BYTES: the Welcomes of a commit have at most ${maxWelcomeBytes} bytes together`,
  );
}

function requirePairs(welcome: Welcome, recipients: readonly delivery.WelcomeRecipient[]): void {
  const entries = new Set(welcome.secrets.map(({ newMember }) => hex(newMember)));
  const refs = new Set(recipients.map(({ keyPackageRef }) => hex(keyPackageRef)));
  const devices = new Set(recipients.map(({ device }) => device));
  matches(entries.size === welcome.secrets.length, 'the Welcome has two entries for one KeyPackage');
  matches(refs.size === recipients.length, 'two recipients have one KeyPackage');
  matches(devices.size === recipients.length, 'two recipients are one device');
  matches(
    [...entries].every((ref) => refs.has(ref)),
    'an entry of the Welcome has no recipient',
  );
  matches(
    [...refs].every((ref) => entries.has(ref)),
    'a recipient has no entry in the Welcome',
  );
}

function requireDevice(device: string, domain: string): void {
  try {
    matches(parseDeviceUri(device).domain === domain, 'a recipient belongs to another domain');
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    throw new RefusedSubmission('WELCOME_MISMATCH', 'a recipient is not a device', { cause: error });
  }
}

function slice(welcome: Welcome, keyPackageRef: Uint8Array): Uint8Array {
  const part = sliceWelcome(welcome, keyPackageRef);
  if (part === undefined) throw new RefusedSubmission('WELCOME_MISMATCH', 'a recipient has no entry');
  return encodeMessage({ wireFormat: WireFormat.welcome, welcome: part });
}

function matches(condition: boolean, detail: string): void {
  requireThat(condition, 'WELCOME_MISMATCH', detail);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
