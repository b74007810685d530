/**
 * Joins a group as a guest, by an external Commit that shows the pre-shared key of a ticket (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import {
  decodeState,
  encodeMessage,
  encodeState,
  Group,
  noPsks,
  PSKType,
  type GroupOptions,
} from '@canopy/mls';
import { equal } from '@canopy/crypto';
import type { Conversations, Known } from './conversations.ts';
import { ClientError } from './errors.ts';
import { toHex } from './hex.ts';
import { makeBundle } from './make-bundle.ts';
import { codeOfRefusal } from './open-entry.ts';
import { checkReceiptOf } from './process-entry.ts';
import { readGroupInfo, type FoundGroupInfo } from './read-group-info.ts';
import { reasonWord } from './reason-word.ts';
import { leafOfDevice } from './members.ts';
import { backoff } from './service-calls.ts';
import type { StoredVisit } from './store/visit-store.ts';
import { submitCommit, type CommitResult } from './submissions.ts';
import type { Surroundings } from './surroundings.ts';
import { readTicket, refusedTicket, type Ticket } from './ticket-text.ts';

/** How often a guest tries while others are faster. */
const MAX_ATTEMPTS = 16;

/**
 * Joins with the text of a ticket; who is a member already stays what it is.
 *
 * @throws {ClientError} TICKET_REFUSED, SERVICE_REFUSED, CLOSED
 */
export async function joinWithTicket(
  text: string,
  around: Surroundings,
  conversations: Conversations,
): Promise<Known> {
  const ticket = readTicket(text);
  if (ticket.expiresAtMs <= BigInt(around.nowMs())) throw refusedTicket('EXPIRED');
  const id = toHex(ticket.groupId);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const known = conversations.find(id);
    if (known?.replica.isActive === true) return known;
    const visit = around.store.visits.find(id) ?? (await stage(ticket, around));
    const joined = await finishVisit(visit, around, conversations);
    if (joined !== undefined) return joined;
    await around.wait(backoff(attempt), around.signal);
  }
  throw new ClientError('COMMIT_CONTENDED', `others were faster ${MAX_ATTEMPTS} times`);
}

/**
 * Sends the external Commit of a visit, maybe of an earlier process, until its fate is known; undefined when another commit
 * was faster.
 *
 * @throws {ClientError} TICKET_REFUSED, SERVICE_REFUSED, CLOSED
 */
export async function finishVisit(
  visit: StoredVisit,
  around: Surroundings,
  conversations: Conversations,
): Promise<Known | undefined> {
  const result = await offer(visit, around);
  around.beforeStep('visit:answered');
  if (result?.$case === 'accepted') return enter(visit, result.value, { around, conversations });
  around.store.visits.delete(visit.id);
  if (result?.$case === 'rejected') {
    throw refusedTicket(reasonWord(result.value.reason, 'SUBMISSION_REJECTION_REASON_'));
  }
  return undefined;
}

async function stage(ticket: Ticket, around: Surroundings): Promise<StoredVisit> {
  try {
    return await stageVisit(ticket, around);
  } catch (error) {
    if (error instanceof ClientError && error.code === 'SERVICE_REFUSED') throw error;
    throw refusedTicket(codeOfRefusal(error));
  }
}

async function stageVisit(ticket: Ticket, around: Surroundings): Promise<StoredVisit> {
  const { groupId, token, pskId } = ticket;
  const found = await readGroupInfo(groupId, () => ({ proof: undefined, ticket: token }), around);
  const { suite, identity } = around;
  const psk = { pskType: PSKType.external, pskId, pskNonce: suite.random(suite.kdf.size) } as const;
  const resync = oldLeaf(found, around.device);
  const join = { ...found, suite, identity, resync, psks: [psk], authenticatedData: new Uint8Array(0) };
  const { group, message } = await Group.joinExternally(join, withPsk(around.joinOptions, ticket));
  around.beforeStep('visit:staged');
  const [commit, welcome] = [encodeMessage(message), new Uint8Array(0)];
  const bundle = makeBundle({ commit, next: group, welcome, welcomeRecipients: [], knownSequence: 0n });
  const visit = { id: toHex(groupId), token, bundle, state: encodeState(group.state) };
  around.store.visits.save(visit);
  around.beforeStep('visit:saved');
  return visit;
}

/** Who was a member and has lost its state takes its old leaf out. */
function oldLeaf({ ratchetTree }: FoundGroupInfo, device: string): ReturnType<typeof leafOfDevice> {
  return ratchetTree === undefined ? undefined : leafOfDevice(ratchetTree, device);
}

function withPsk(options: GroupOptions, { pskId, psk }: Ticket): GroupOptions {
  const findExternalPsk = (id: Uint8Array): Uint8Array | undefined => (equal(id, pskId) ? psk : undefined);
  return { ...options, psks: { ...noPsks, findExternalPsk } };
}

function offer(
  { bundle: body, token: ticket }: StoredVisit,
  around: Surroundings,
): Promise<CommitResult | undefined> {
  const nothing = { prove: () => undefined, isOpen: () => true, restore: () => Promise.resolve(false) };
  return submitCommit({ body, ticket, ...nothing }, around);
}

async function enter(
  { id, bundle, state }: StoredVisit,
  { sequence, receipt }: delivery.CommitAccepted,
  { around, conversations }: { readonly around: Surroundings; readonly conversations: Conversations },
): Promise<Known> {
  const { store, newEvents, options, beforeStep } = around;
  const { commit: mlsMessage, epoch } = delivery.CommitBundle.decode(bundle);
  const group = new Group(decodeState(state), options);
  const kind = delivery.LogEntryKind.COMMIT;
  const entry = { sequence, kind, epoch, mlsMessage, receipt };
  // A guest has no receipt that this one could contradict; it has to fit the commit.
  await checkReceiptOf(entry, { conversation: id, groupId: group.groupId }, around);
  store.transaction(() => {
    const place = { id, status: 'active', cursor: sequence, joinedEpoch: group.epoch } as const;
    store.beginConversation(place, group.takeChanges());
    store.recentEntries.save(id, entry);
    if (receipt !== '') store.receipts.save(id, { epoch, sequence, jws: receipt });
    store.visits.delete(id);
    store.events.add({ kind: 'joined', conversation: id });
  });
  newEvents.ring();
  beforeStep('visit:done');
  return conversations.load(id);
}
