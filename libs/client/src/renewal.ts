/**
 * Renews the credential of the device long before it ends, and brings it into the groups (RFC 9420 §5.3.2).
 *
 * @module
 */
import { encode } from '@canopy/codec';
import { authentication, callUnary } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { attestationOf, signRenewalProof } from '@canopy/identity';
import { Credential, type ClientIdentity, type Group } from '@canopy/mls';
import type { Conversations } from './conversations.ts';
import { identityOf, judgeOwn, renewalTimeOf, typeOf } from './credentials.ts';
import { ClientError } from './errors.ts';
import { renewOldKeys } from './key-age.ts';
import { answered, pause } from './service-calls.ts';
import type { EnrolledDevice } from './store/device-store.ts';
import type { Surroundings } from './surroundings.ts';

/** How often is looked whether something is due. */
const INTERVAL_MS = 3_600_000;
const FIRST_RETRY_MS = 1_000;
/** Commits of many groups and of many devices are spread over so long. */
const SPREAD_MS = 60_000;

/** Keeps the credential of a device good. */
export class Renewal {
  readonly #around: Surroundings;
  readonly #conversations: Conversations;

  constructor(around: Surroundings, conversations: Conversations) {
    this.#around = around;
    this.#conversations = conversations;
  }

  /** Looks again and again, until the client is closed. */
  async follow(): Promise<void> {
    const { signal } = this.#around;
    for (let failures = 0; !signal.aborted;) {
      failures = (await this.#look()) ? 0 : failures + 1;
      // What a service that was away has kept from being done must not wait for the next regular look.
      await pause(failures === 0 ? INTERVAL_MS : retryAfter(failures), signal).catch(() => {});
    }
  }

  /** Does what is due; says whether all of it was done. */
  async #look(): Promise<boolean> {
    const { signal, log } = this.#around;
    try {
      await this.renew();
      const isShown = await this.#refreshLeaves();
      return (await this.#renewKeys()) && isShown;
    } catch (cause) {
      if (!signal.aborted) log({ event: 'credential-not-renewed', cause });
      return false;
    }
  }

  /** Gets a new credential, if it is time; says whether. @throws {ClientError} INVALID_RESPONSE, SERVICE_REFUSED, SERVICE_UNAVAILABLE */
  async renew(): Promise<boolean> {
    const { store, nowMs, options, beforeStep } = this.#around;
    const device = store.device.enrolled();
    if (device === undefined || nowMs() < store.device.renewAtMs()) return false;
    const answer = await this.#ask(device);
    const { attestation, x509Chain } = answer;
    const renewed = { ...device, attestation, x509Chain };
    await judgeOwn(renewed, options.identities);
    store.device.saveRenewed(renewed, renewalTimeOf(answer, nowMs()));
    beforeStep('renew:saved');
    return true;
  }

  async #ask(device: EnrolledDevice): Promise<authentication.EnrolledDevice> {
    const { stubs, suite, signal } = this.#around;
    const { device: uri, domain, signatureKeyPair } = device;
    const stub = stubs.authentication;
    const { result } = await answered(async () => {
      const { challenge } = await callUnary(stub, 'beginAuthentication', { device: uri }, { signal });
      const proof = { challenge, domain, device: uri };
      const signature = signRenewalProof(suite, signatureKeyPair.privateKey, proof);
      const request = { device: uri, challenge, signature, credentialTypes: [typeOf(device)] };
      return callUnary(stub, 'renewCredential', request, { signal });
    });
    if (result?.$case === 'device') return result.value;
    throw new ClientError('SERVICE_REFUSED', 'the credential is not renewed', {
      reason: result?.value.reason ?? '',
    });
  }

  async #renewKeys(): Promise<boolean> {
    const { keyUpdateAfter, log, signal } = this.#around;
    let isDone = true;
    for (const known of this.#conversations.all()) {
      try {
        await renewOldKeys(known, this.#around, keyUpdateAfter);
      } catch (cause) {
        if (signal.aborted) throw cause;
        log({ event: 'keys-not-renewed', conversation: known.replica.id, cause });
        isDone = false;
      }
    }
    return isDone;
  }

  /** Every group in which this device still shows an older credential gets a commit with the new one. */
  async #refreshLeaves(): Promise<boolean> {
    const { wait, random, signal, identity, log } = this.#around;
    let isDone = true;
    for (const { replica, conversation } of this.#conversations.all()) {
      const isStale = replica.isActive && replica.fault === undefined && !says(replica.group, identity);
      if (!isStale) continue;
      await wait(random() * SPREAD_MS, signal);
      try {
        await conversation.refreshLeaf(identity);
      } catch (cause) {
        if (signal.aborted) throw cause;
        log({ event: 'leaf-not-refreshed', conversation: replica.id, cause });
        isDone = false;
      }
    }
    return isDone;
  }
}

/** Soon at first, then more and more seldom, and not all devices at the same moment. */
function retryAfter(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 20), INTERVAL_MS) * (0.5 + Math.random() / 2);
}

/** Says whether the own leaf in a group shows a credential. */
export function says({ state }: Group, { credential, leafExtensions }: ClientIdentity): boolean {
  const leaf = state.tree.findLeaf(state.ownLeafIndex);
  if (leaf === undefined) return false;
  const isSame = equal(encode(Credential, leaf.credential), encode(Credential, credential));
  return isSame && attestationOf(leaf.extensions) === attestationOf(leafExtensions);
}

/** Gives what a device says now, whatever has been renewed since. */
export function currentIdentity(
  { store }: Pick<Surroundings, 'store'>,
  enrolled: EnrolledDevice,
): ClientIdentity {
  return identityOf(store.device.enrolled() ?? enrolled);
}
