/**
 * Gets KeyPackages of others from the Key Directory, and looks at each before it is used (RFC 9420 §10.1).
 *
 * @module
 */
import { callUnary, directory } from '@canopy/contract';
import { randomBytes } from '@canopy/crypto';
import { userOfDevice } from '@canopy/identity';
import { IdentityAnswers, keyPackageRef, validateKeyPackage, type KeyPackage } from '@canopy/mls';
import { ClientError } from './errors.ts';
import { deviceOfLeaf } from './members.ts';
import { codeOfRefusal } from './open-entry.ts';
import { untilAnswered } from './service-calls.ts';
import { readKeyPackageMessage } from './store/key-package-store.ts';
import type { Surroundings } from './surroundings.ts';
import { reasonWord } from './reason-word.ts';

/** A KeyPackage that may be used for an Add. */
export interface ClaimedDevice {
  readonly device: string;
  readonly keyPackage: KeyPackage;
  readonly ref: Uint8Array;
}

/** Somebody who could not be invited, and why. */
export type Unavailable =
  { readonly device: string; readonly reason: string } | { readonly user: string; readonly reason: string };

/** What a claim brought. */
export interface Claimed {
  readonly devices: readonly ClaimedDevice[];
  readonly unavailable: readonly Unavailable[];
}

/** As many users as one claim names: the directory limits both the names and the devices behind them. */
const USERS_PER_CLAIM = 25;

/** Claims a KeyPackage of every device of every user. @throws {ClientError} SERVICE_REFUSED, CLOSED */
export async function claimKeyPackages(users: readonly string[], around: Surroundings): Promise<Claimed> {
  const devices: ClaimedDevice[] = [];
  const unavailable: Unavailable[] = [];
  for (let from = 0; from < users.length; from += USERS_PER_CLAIM) {
    const batch = users.slice(from, from + USERS_PER_CLAIM);
    const response = await claim(batch, around);
    unavailable.push(...response.unknownUsers.map((user) => ({ user, reason: 'UNKNOWN_USER' })));
    for (const entry of response.devices) {
      const judged = await judge(entry, batch, around);
      if ('reason' in judged) unavailable.push(judged);
      else devices.push(judged);
    }
  }
  return { devices, unavailable };
}

function claim(
  users: readonly string[],
  { tokens, stubs, suite, signal }: Surroundings,
): Promise<directory.ClaimKeyPackagesResponse> {
  const wanted = { users: [...users], devices: [], cipherSuite: suite.id, requiredCapabilities: undefined };
  const request = { requestId: randomBytes(16), ...wanted };
  return untilAnswered(signal, () =>
    tokens.call('directory', (metadata) =>
      callUnary(stubs.directory, 'claimKeyPackages', request, { metadata, signal }),
    ),
  );
}

/** The directory is not trusted: what it hands out is checked like anything that a peer sends. */
async function judge(
  { device, result }: directory.DeviceClaim,
  users: readonly string[],
  around: Surroundings,
): Promise<ClaimedDevice | Unavailable> {
  if (result?.$case !== 'claimed') {
    const reason = result?.value.reason ?? directory.NothingToClaimReason.UNSPECIFIED;
    return { device, reason: reasonWord(reason, 'NOTHING_TO_CLAIM_REASON_') };
  }
  try {
    const keyPackage = readKeyPackageMessage(result.value.keyPackage);
    await validate(keyPackage, around);
    const named = deviceOfLeaf(keyPackage.leafNode);
    if (named !== device || !users.includes(userOfDevice(device))) return { device, reason: 'WRONG_DEVICE' };
    return { device, keyPackage, ref: keyPackageRef(around.suite, keyPackage) };
  } catch (error) {
    return { device, reason: error instanceof ClientError ? error.code : codeOfRefusal(error) };
  }
}

async function validate(keyPackage: KeyPackage, { suite, options }: Surroundings): Promise<void> {
  const questions = [{ kind: 'credential', presented: keyPackage.leafNode } as const];
  const identities = await IdentityAnswers.ask(options.identities, questions);
  validateKeyPackage(keyPackage, { suite, policy: options.policy, nowSeconds: options.now(), identities });
}
