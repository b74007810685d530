/**
 * A conversation: a group of devices, as an application sees it.
 *
 * @module
 */
import { userOfDevice } from '@canopy/identity';
import { ProposalType, type ClientIdentity, type Group } from '@canopy/mls';
import { frameData } from './application-frame.ts';
import { claimKeyPackages, type ClaimedDevice, type Unavailable } from './claim-key-packages.ts';
import { announceTickets, createTicket } from './create-ticket.ts';
import { ClientError } from './errors.ts';
import { intrudersIn, requireNoIntruder } from './intruders.ts';
import { Lane } from './lane.ts';
import { membersOf, type ConversationMember } from './members.ts';
import { Outbox, type Sent } from './outbox.ts';
import { says } from './renewal.ts';
import type { Replica } from './replica.ts';
import type { CommitPlan, PlannedCommit } from './stage-commit.ts';
import { commitChange, settleCommit, type ReplicaParts } from './submit-commit.ts';
import type { Surroundings } from './surroundings.ts';

/** What became of an invitation. */
export interface Invitation {
  /** The devices that were added. */
  readonly added: string[];
  readonly unavailable: Unavailable[];
}

/** What to derive for the application (RFC 9420 §8.5). */
export interface SecretRequest {
  readonly label: string;
  readonly context: Uint8Array;
  readonly length: number;
}

/**
 * A conversation. Changes and messages survive the end of the process: a call that does not return is finished, or given
 * up without a trace, by the next process on the same state file.
 */
export class Conversation {
  readonly #parts: ReplicaParts;
  readonly #replica: Replica;
  readonly #around: Surroundings;
  readonly #changes = new Lane();
  readonly #outbox: Outbox;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
    this.#replica = parts.replica;
    this.#around = parts.around;
    this.#outbox = new Outbox(parts, () => this.#settleGroup());
  }

  /** The group id as hexadecimal digits. */
  get id(): string {
    return this.#replica.id;
  }

  get epoch(): bigint {
    return this.#replica.group.epoch;
  }

  /** Equal on all members that are in the same epoch, and on nobody else (RFC 9420 §8.7). */
  get epochAuthenticator(): Uint8Array {
    return this.#replica.group.epochAuthenticator;
  }

  /** Whether this device can read and send. */
  get isActive(): boolean {
    return this.#replica.isActive;
  }

  /** The devices in the conversation, this one too. */
  members(): readonly ConversationMember[] {
    return membersOf(this.#replica.group);
  }

  /**
   * Adds all devices of the users that are not in yet, with one commit; naming one's own user adds one's other devices.
   *
   * @throws {ClientError} CONVERSATION_ENDED, COMMIT_REFUSED, COMMIT_CONTENDED, SERVICE_REFUSED, CLOSED
   */
  async invite(users: readonly string[]): Promise<Invitation> {
    await this.#parts.recovery.run();
    this.#replica.requireActive();
    await this.#settleGroup();
    const { devices, unavailable } = await claimKeyPackages([...new Set(users)], this.#around);
    let added: readonly ClaimedDevice[] = [];
    await this.#change((group) => {
      const present = new Set(membersOf(group).map(({ device }) => device));
      added = devices.filter(({ device }) => !present.has(device));
      return added.length === 0 ? undefined : planAdds(added);
    });
    if (added.length > 0) this.#announceTickets();
    return { added: added.map(({ device }) => device), unavailable: [...unavailable] };
  }

  /** Removes all devices of the users with one commit. @throws {ClientError} like `invite`, and MISUSE for the own user */
  remove(users: readonly string[]): Promise<void> {
    const leaving = new Set(users);
    if (leaving.has(userOfDevice(this.#around.device))) {
      return Promise.reject(new ClientError('MISUSE', 'a device cannot remove itself'));
    }
    return this.#change((group) => planRemoves(group, ({ user }) => leaving.has(user)));
  }

  /** Removes devices with one commit; those that are gone already do not matter. @throws {ClientError} like `remove` */
  removeDevices(devices: ReadonlySet<string>): Promise<void> {
    if (devices.has(this.#around.device)) {
      return Promise.reject(new ClientError('MISUSE', 'a device cannot remove itself'));
    }
    return this.#change((group) => planRemoves(group, ({ device }) => devices.has(device)));
  }

  /** Gives this device new keys, and the group new secrets. @throws {ClientError} like `invite` */
  rotateKeys(): Promise<void> {
    return this.#change(() => ({ proposals: [], forcePath: true, recipients: [] }));
  }

  /** Shows another credential of this device to the members. @throws {ClientError} like `invite` */
  refreshLeaf(identity: ClientIdentity): Promise<void> {
    return this.#change((group) =>
      says(group, identity) ? undefined : { proposals: [], forcePath: true, identity, recipients: [] },
    );
  }

  /**
   * Sends a message; resolves when it is in the log. Once it was saved it goes out, if not now then by the next process.
   *
   * @throws {ClientError} CONVERSATION_ENDED, CONVERSATION_STUCK, MESSAGE_REFUSED, SERVICE_REFUSED, CLOSED
   */
  send(data: Uint8Array): Promise<Sent> {
    return this.#outbox.send(frameData(data));
  }

  /**
   * Makes a ticket: a text with which one guest can join by itself, once. Give it away over a way that you trust. Resolves
   * when all members can know of it.
   *
   * @throws {ClientError} TICKET_REFUSED, CONVERSATION_ENDED, SERVICE_REFUSED, CLOSED
   */
  async createTicket({ lifetimeMs }: { readonly lifetimeMs: number }): Promise<string> {
    await this.#parts.recovery.run();
    this.#replica.requireActive();
    return createTicket(this.#replica, this.#around, {
      lifetimeMs,
      announce: (frame) => this.#outbox.send(frame),
    });
  }

  /** Derives a secret that all members of the epoch can derive (RFC 9420 §8.5). */
  exportSecret(request: SecretRequest): Uint8Array {
    this.#replica.requireActive();
    requireNoIntruder(this.#replica, this.#around.store);
    return this.#replica.group.exportSecret(request);
  }

  /** Finishes what an earlier process began: first the commit that was under way, then the messages. */
  async resume(): Promise<void> {
    await this.#changes.run(async () => {
      await this.#parts.recovery.run();
      await settleCommit(this.#parts);
    });
    this.#outbox.flush();
  }

  /** Waits until nothing is under way. */
  async settled(): Promise<void> {
    const { recovery, restoration } = this.#parts;
    await Promise.all([
      this.#changes.settled(),
      this.#outbox.settled(),
      recovery.settled(),
      restoration.settled(),
    ]);
    await this.#replica.settled();
  }

  #change(plan: CommitPlan): Promise<void> {
    return this.#changes.run(() => {
      return commitChange(this.#parts, plan);
    });
  }

  /** Who came after a ticket was made has to know it, or could not follow the guest; nobody waits for this. */
  #announceTickets(): void {
    const announcing = announceTickets(this.#replica, this.#around, (frame) => this.#outbox.send(frame));
    announcing.catch((cause: unknown) => {
      this.#around.log({ event: 'tickets-not-announced', conversation: this.id, cause });
    });
  }

  /** Takes intruders out and commits what was proposed: before, nothing is to be sent. */
  async #settleGroup(): Promise<void> {
    const intruders = intrudersIn(this.#replica, this.#around.store);
    if (intruders.size > 0) await this.removeDevices(intruders);
    if (this.#replica.group.state.proposals.length === 0) return;
    await this.#change(({ state }) =>
      state.proposals.length === 0 ? undefined : { proposals: [], forcePath: false, recipients: [] },
    );
  }
}

function planAdds(devices: readonly ClaimedDevice[]): PlannedCommit {
  const proposals = devices.map(({ keyPackage }) => ({ proposalType: ProposalType.add, keyPackage }));
  const recipients = devices.map(({ device, ref: keyPackageRef }) => ({ device, keyPackageRef }));
  return { proposals, forcePath: false, recipients };
}

function planRemoves(
  group: Group,
  isLeaving: (member: ConversationMember) => boolean,
): PlannedCommit | undefined {
  const leaving = membersOf(group).filter(isLeaving);
  if (leaving.length === 0) return undefined;
  const proposals = leaving.map(({ leafIndex }) => ({
    proposalType: ProposalType.remove,
    removed: leafIndex,
  }));
  return { proposals, forcePath: true, recipients: [] };
}
