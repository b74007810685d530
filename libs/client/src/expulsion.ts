/**
 * Takes revoked devices, and intruders, out of the groups that this device shares with them: after a random delay, if nobody
 * else has done it by then (RFC 9420 §16.10).
 *
 * @module
 */
import type { Known } from './conversations.ts';
import { intrudersIn } from './intruders.ts';
import { membersOf } from './members.ts';
import type { Revocations } from './revocations.ts';
import type { Surroundings } from './surroundings.ts';

/** Members spread over so long for each of them, so that mostly one of them commits. */
const SPREAD_PER_MEMBER_MS = 100;
const LEAST_SPREAD_MS = 1_000;
/** However large the group is, nobody waits longer than this. */
export const MAX_SPREAD_MS = 60_000;

/** Sees to it that revoked devices and intruders leave. */
export class Expulsion {
  readonly #revocations: Revocations;
  readonly #around: Surroundings;
  readonly #running = new Map<string, Promise<void>>();

  constructor(revocations: Revocations, around: Surroundings) {
    this.#revocations = revocations;
    this.#around = around;
  }

  /** Looks at a conversation, beside everything else. */
  check(known: Known): void {
    const { id } = known.replica;
    if (this.#running.has(id)) return;
    const running = this.#expel(known)
      .catch((cause: unknown) => {
        const { log, signal } = this.#around;
        if (!signal.aborted) log({ event: 'revoked-not-removed', conversation: id, cause });
      })
      .finally(() => this.#running.delete(id));
    this.#running.set(id, running);
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #expel(known: Known): Promise<void> {
    const { wait, random, signal } = this.#around;
    if ((await this.#unwantedIn(known)).size === 0) return;
    const members = membersOf(known.replica.group).length;
    const spread = Math.min(Math.max(members * SPREAD_PER_MEMBER_MS, LEAST_SPREAD_MS), MAX_SPREAD_MS);
    await wait(random() * spread, signal);
    const unwanted = await this.#unwantedIn(known);
    // The commit looks again at its own moment: whoever was faster has left nothing to do.
    if (unwanted.size > 0) await known.conversation.removeDevices(unwanted);
  }

  async #unwantedIn({ replica }: Known): Promise<ReadonlySet<string>> {
    if (!replica.isActive || replica.fault !== undefined) return new Set();
    const intruders = intrudersIn(replica, this.#around.store);
    const list = await this.#revocations.current();
    if (list.devices.size === 0) return intruders;
    const devices = membersOf(replica.group).map(({ device }) => device);
    const revoked = devices.filter((device) => device !== this.#around.device && list.revokesDevice(device));
    return new Set([...intruders, ...revoked]);
  }
}
