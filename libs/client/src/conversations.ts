/**
 * All conversations of a device.
 *
 * @module
 */
import { callUnary } from '@canopy/contract';
import { createGroupId, Group } from '@canopy/mls';
import { Conversation } from './conversation.ts';
import { lifetimeFrom } from './credentials.ts';
import { ClientError } from './errors.ts';
import { accessKeyOf } from './group-proof.ts';
import { toHex } from './hex.ts';
import { groupInfoOf, treeOf } from './make-bundle.ts';
import { Recovery } from './recovery.ts';
import { Replica } from './replica.ts';
import { Restoration } from './restoration.ts';
import { untilAnswered } from './service-calls.ts';
import type { StoredConversation } from './store/conversation-store.ts';
import type { Surroundings } from './surroundings.ts';

/** A conversation with what stands behind it. */
export interface Known {
  readonly replica: Replica;
  readonly conversation: Conversation;
  readonly recovery: Recovery;
  readonly restoration: Restoration;
}

/** All conversations of a device, by their ids. */
export class Conversations {
  readonly #around: Surroundings;
  readonly #known = new Map<string, Known>();

  /** Reads the conversations of the state file. */
  constructor(around: Surroundings) {
    this.#around = around;
    for (const stored of around.store.conversations.all()) this.#add(stored);
  }

  /** All of them, also those that have ended. */
  all(): readonly Known[] {
    return [...this.#known.values()];
  }

  find(id: string): Known | undefined {
    return this.#known.get(id);
  }

  /** Takes in a conversation that was saved just now, in the place of an earlier life of it. */
  load(id: string): Known {
    const stored = this.#around.store.conversations.find(id);
    if (stored === undefined)
      throw new ClientError('INVALID_STATE', 'the conversation is not in the state file');
    return this.#add(stored);
  }

  /** Begins a conversation with this device alone in it. @throws {ClientError} SERVICE_REFUSED, CLOSED */
  async create(): Promise<Known> {
    const { suite, identity, options, store, beforeStep } = this.#around;
    const groupId = createGroupId(suite);
    const lifetime = lifetimeFrom(options.now());
    const request = { suite, groupId, identity, lifetime, extensions: [], grease: true };
    const group = await Group.create(request, options);
    const id = toHex(groupId);
    const place = { id, status: 'creating', cursor: 0n, joinedEpoch: 0n } as const;
    store.transaction(() => store.conversations.create(place, group.takeChanges()));
    const known = this.load(id);
    beforeStep('create:saved');
    await this.open(known);
    return known;
  }

  /** Opens the log of a conversation that was saved, maybe by an earlier process; the same again changes nothing. */
  async open({ replica }: Known): Promise<void> {
    if (replica.status !== 'creating') return;
    const { tokens, stubs, signal, beforeStep, suite } = this.#around;
    const { group } = replica;
    const request = {
      groupId: group.groupId,
      cipherSuite: suite.id,
      accessKey: accessKeyOf(group),
      groupInfo: groupInfoOf(group),
      ratchetTree: treeOf(group),
    };
    const { result } = await untilAnswered(signal, () =>
      tokens.call('delivery', (metadata) =>
        callUnary(stubs.delivery, 'createGroup', request, { metadata, signal }),
      ),
    );
    beforeStep('create:opened');
    if (result?.$case === 'created') return replica.opened();
    this.#known.delete(replica.id);
    this.#around.store.conversations.delete(replica.id);
    throw new ClientError('SERVICE_REFUSED', 'the group id is taken', { reason: 'GROUP_EXISTS' });
  }

  #add(stored: StoredConversation): Known {
    const replica = new Replica(stored, this.#around);
    const recovery = new Recovery(replica, this.#around);
    const restoration = new Restoration(replica, this.#around);
    const conversation = new Conversation({ replica, recovery, restoration, around: this.#around });
    const known = { replica, conversation, recovery, restoration };
    this.#known.set(stored.id, known);
    return known;
  }
}
