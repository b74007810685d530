/**
 * Requests that are right outside, their proof included, and wrong inside: a member could send them.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { delivery, directory } from '@canopy/contract';
import { ContentType } from '@canopy/mls';
import type { Choices } from '../choices.ts';
import type { GroupView } from '../history/group-view.ts';
import { makeKeyPackage, type Device } from '../parties/device.ts';
import { groupInfo, privateMessage, welcome, type Place } from '../parties/messages.ts';
import { keyAfter, type ProofMethod } from '../parties/group-keys.ts';
import type { Rpc } from './descriptors.ts';

const NUMBERS = [0n, 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];

function noise(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(length));
}

/** Makes requests of one member of one group. */
export class Envelopes {
  readonly #view: GroupView;
  readonly #choices: Choices;
  readonly #keyPackage: Uint8Array;
  readonly #makers: Readonly<Record<string, () => Uint8Array>>;

  constructor(view: GroupView, device: Device, choices: Choices) {
    this.#view = view;
    this.#choices = choices;
    this.#keyPackage = makeKeyPackage(device);
    this.#makers = {
      SubmitCommit: () => delivery.SubmitCommitRequest.encode(this.#submitCommit()).finish(),
      SendMessage: () => delivery.SendMessageRequest.encode(this.#sendMessage()).finish(),
      ReadGroup: () => delivery.ReadGroupRequest.encode(this.#read('ReadGroup')).finish(),
      GetGroupInfo: () =>
        delivery.GetGroupInfoRequest.encode({ ...this.#read('GetGroupInfo'), ticket: noise(0) }).finish(),
      CreateTicket: () => delivery.CreateTicketRequest.encode(this.#createTicket()).finish(),
      RestoreEntries: () => delivery.RestoreEntriesRequest.encode(this.#restoreEntries()).finish(),
      Subscribe: () => delivery.SubscribeRequest.encode({ request: this.#streamRequest() }).finish(),
      PublishKeyPackages: () => directory.PublishKeyPackagesRequest.encode(this.#publish()).finish(),
    };
  }

  /** Whether there is an envelope for a call; a call with a proof must have one. */
  has({ method }: Rpc): boolean {
    return method in this.#makers;
  }

  /** Makes a request; undefined for a call whose request has nothing inside. */
  make({ method }: Rpc): Buffer | undefined {
    const request = this.#makers[method]?.();
    return request === undefined ? undefined : Buffer.from(request);
  }

  get #place(): Place {
    return { groupId: this.#view.groupId, epoch: this.#view.epoch };
  }

  #prove(method: ProofMethod, body: Uint8Array): delivery.EpochProof {
    return this.#view.prove(method, body);
  }

  /** Bytes that are no MLSMessage any more, or one of something else. */
  #damaged(message: Uint8Array): Uint8Array {
    const { groupId, epoch } = this.#place;
    const damage = this.#choices.weighted<() => Uint8Array>([
      [3, () => message.subarray(0, this.#choices.below(message.length))],
      [2, () => Buffer.concat([message, noise(1 + this.#choices.below(20))])],
      [1, () => Buffer.concat([noise(2), message.subarray(2)])],
      [1, () => Buffer.concat([message.subarray(0, 2), Buffer.from([0xff, 0xfe]), message.subarray(4)])],
      [1, () => noise(this.#choices.below(200))],
      // RFC 9420 §2.1.2: a length of a gigabyte, and one that is longer than it has to be.
      [
        1,
        () =>
          Buffer.concat([message.subarray(0, 4), Buffer.from([0xbf, 0xff, 0xff, 0xff]), message.subarray(5)]),
      ],
      [1, () => Buffer.concat([message.subarray(0, 4), Buffer.from([0x40, 0x01]), message.subarray(5)])],
      [1, () => privateMessage(ContentType.application, { groupId, epoch: epoch + 1n }, noise)],
      [1, () => privateMessage(ContentType.proposal, { groupId: noise(16), epoch }, noise)],
      [1, () => welcome([noise(32)], noise)],
    ]);
    return damage();
  }

  #sendMessage(): delivery.SendMessageRequest {
    const { groupId, epoch } = this.#place;
    const good = privateMessage(ContentType.application, this.#place, noise);
    // One of the two is wrong: a good one would be logged.
    const isWrongInside = this.#choices.chance(70);
    const message = delivery.GroupMessage.encode({
      groupId,
      epoch,
      requestId: noise(isWrongInside ? 16 : 15),
      mlsMessage: isWrongInside ? this.#damaged(good) : good,
      knownSequence: this.#number(),
    }).finish();
    return { message, proof: this.#prove('SendMessage', message) };
  }

  #submitCommit(): delivery.SubmitCommitRequest {
    const bundle = delivery.CommitBundle.encode(this.#spoilt(this.#bundle())).finish();
    return {
      bundle,
      proof: this.#prove('SubmitCommit', bundle),
      ticket: noise(this.#choices.chance(20) ? 32 : 0),
    };
  }

  #bundle(): delivery.CommitBundle {
    const { groupId, epoch } = this.#place;
    const commit = privateMessage(ContentType.commit, this.#place, noise);
    return {
      groupId,
      epoch,
      requestId: noise(16),
      commit,
      welcome: new Uint8Array(),
      welcomeRecipients: [],
      groupInfo: groupInfo({ groupId, epoch: epoch + 1n }, noise),
      nextAccessKey: keyAfter(groupId, commit).publicKey,
      ratchetTree: new Uint8Array(),
      knownSequence: this.#number(),
      revokeTickets: false,
    };
  }

  /** Spoils one part of a good bundle. */
  #spoilt(bundle: delivery.CommitBundle): delivery.CommitBundle {
    const { groupId, epoch } = bundle;
    const recipient = { keyPackageRef: noise(32), device: 'mimi://example.com/d/nobody/none' };
    const spoil = this.#choices.weighted<() => Partial<delivery.CommitBundle>>([
      [4, () => ({ commit: this.#damaged(bundle.commit) })],
      [4, () => ({ groupInfo: this.#damaged(bundle.groupInfo) })],
      [1, () => ({ groupInfo: groupInfo({ groupId, epoch }, noise) })],
      [1, () => ({ groupInfo: groupInfo({ groupId: noise(16), epoch: epoch + 1n }, noise) })],
      [2, () => ({ nextAccessKey: noise(this.#choices.oneOf([0, 31, 33, 64]) ?? 0) })],
      [2, () => ({ ratchetTree: noise(1 + this.#choices.below(300)) })],
      [2, () => ({ welcome: this.#damaged(welcome([noise(32)], noise)), welcomeRecipients: [recipient] })],
      [1, () => ({ welcome: welcome([noise(32)], noise), welcomeRecipients: [recipient] })],
      [1, () => ({ welcomeRecipients: [recipient] })],
      [1, () => ({ requestId: noise(17) })],
    ]);
    return { ...bundle, ...spoil() };
  }

  #read(method: ProofMethod): delivery.ReadGroupRequest {
    const { groupId } = this.#place;
    const limit = Number(this.#choices.oneOf([0n, 1n, 2n ** 32n - 1n]) ?? 0n);
    const query = delivery.GroupQuery.encode({
      groupId,
      afterSequence: this.#number(),
      limit,
      device: '',
    }).finish();
    return { query, proof: this.#prove(method, query) };
  }

  #createTicket(): delivery.CreateTicketRequest {
    const { groupId } = this.#place;
    const isShort = this.#choices.chance(50);
    const ticket = delivery.Ticket.encode({
      groupId,
      tokenHash: noise(isShort ? this.#choices.below(32) : 32),
      expiresAtUnixMs: isShort ? BigInt(Date.now() + 60_000) : BigInt(this.#choices.below(1_000)),
    }).finish();
    return { ticket, proof: this.#prove('CreateTicket', ticket) };
  }

  #restoreEntries(): delivery.RestoreEntriesRequest {
    const { groupId, epoch } = this.#place;
    const commit = privateMessage(ContentType.commit, this.#place, noise);
    const receipt = this.#choices.oneOf(['', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.', 'x'.repeat(5_000)]) ?? '';
    const entry = {
      sequence: this.#number(),
      kind: delivery.LogEntryKind.COMMIT,
      epoch,
      mlsMessage: this.#choices.chance(50) ? commit : this.#damaged(commit),
      receipt,
    };
    const entries = delivery.LostEntries.encode({
      groupId,
      entries: Array.from({ length: this.#choices.below(4) }, () => entry),
      groupInfo: groupInfo({ groupId, epoch: epoch + 1n }, noise),
      ratchetTree: noise(this.#choices.below(50)),
    }).finish();
    return { entries, proof: this.#prove('RestoreEntries', entries) };
  }

  #streamRequest(): NonNullable<delivery.SubscribeRequest['request']> {
    return this.#choices.weighted<() => NonNullable<delivery.SubscribeRequest['request']>>([
      [3, () => ({ $case: 'sendMessage', value: { request: this.#sendMessage() } })],
      [3, () => ({ $case: 'submitCommit', value: { request: this.#submitCommit() } })],
      [1, () => ({ $case: 'group', value: this.#read('Subscribe') })],
      [1, () => ({ $case: 'mailbox', value: { afterSequence: this.#number() } })],
    ])();
  }

  /** A bit of a KeyPackage that is another one breaks its signature, wherever it is (RFC 9420 §10). */
  #publish(): directory.PublishKeyPackagesRequest {
    const flipped = (): Uint8Array => {
      const bytes = Uint8Array.from(this.#keyPackage);
      const at = this.#choices.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#choices.below(8));
      return bytes;
    };
    const keyPackages = Array.from({ length: 1 + this.#choices.below(3) }, () => ({
      keyPackage: this.#choices.chance(60) ? flipped() : this.#damaged(this.#keyPackage),
      lastResort: this.#choices.chance(30),
    }));
    return { keyPackages };
  }

  #number(): bigint {
    return this.#choices.oneOf(NUMBERS) ?? 0n;
  }
}
