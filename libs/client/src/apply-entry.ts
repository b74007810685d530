/**
 * Changes a group and its rows by what an entry of the log holds, inside of the entry's transaction.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { wipe } from '@canopy/crypto';
import type { Group } from '@canopy/mls';
import type { ClientEvent, MembershipChange } from './client-event.ts';
import { SERVICE_LIED } from './faults.ts';
import { accessKeyPairOf } from './group-proof.ts';
import { forgetGone, keepIntruder } from './intruders.ts';
import { groupInfoOf, treeOf } from './make-bundle.ts';
import { changeOf, removesAnother } from './members.ts';
import type { OpenedEntry } from './open-entry.ts';
import type { JudgedEntry } from './process-entry.ts';
import type { Surroundings } from './surroundings.ts';
import { forgetExpired, keepAnnounced } from './tickets.ts';

/** Where an entry is applied. */
export interface Place {
  /** The conversation. */
  readonly id: string;
  readonly group: Group;
  readonly entry: delivery.LogEntry;
}

/** How the group goes on for this device after an entry. */
export type Course = 'on' | 'ended' | { readonly fault: string };

/** Trees that are larger are not kept of past epochs, and of groups with more members they are not even looked at. */
const MAX_TREE_BYTES = 256 * 1024;
const MAX_MEMBERS = 1_000;

/** Applies an entry that was judged, and moves the cursor to it; but a lie of the service leaves the cursor where it is. */
export function applyEntry({ opened, receipt }: JudgedEntry, place: Place, around: Surroundings): Course {
  if (opened.kind === 'lie') return accuse(opened.receipts, place, around);
  const { id, entry } = place;
  const { store } = around;
  if (receipt !== undefined) {
    keepPastEpoch(place, store);
    store.receipts.save(id, { epoch: entry.epoch, sequence: entry.sequence, jws: receipt.jws });
  }
  const course = applyOpened(opened, place, around);
  store.recentEntries.save(id, entry);
  store.conversations.moveCursor(id, entry.sequence);
  return course;
}

/** The service may lose the epoch that is about to end: then a member has to stand for it. */
function keepPastEpoch({ id, group, entry }: Place, { receipts }: Surroundings['store']): void {
  if (entry.epoch !== group.epoch || group.state.tree.memberCount > MAX_MEMBERS) return;
  const ratchetTree = treeOf(group);
  if (ratchetTree.length > MAX_TREE_BYTES) return;
  const { privateKey: accessPrivateKey } = accessKeyPairOf(group);
  receipts.saveEpoch(id, group.epoch, { groupInfo: groupInfoOf(group), ratchetTree, accessPrivateKey });
  wipe(accessPrivateKey);
}

/** Writes down that the service has lied: this device does not go on with it. */
export function accuse(
  receipts: readonly [string, string],
  { id }: Pick<Place, 'id'>,
  { store, log }: Surroundings,
): Course {
  log({ event: 'service-lied', conversation: id });
  if (store.receipts.saveEvidence({ conversation: id, receipts })) {
    store.events.add({ kind: 'serviceLied', conversation: id, receipts });
  }
  store.conversations.deletePendingCommit(id);
  store.recoveries.saveFault(id, SERVICE_LIED);
  return { fault: SERVICE_LIED };
}

function applyOpened(
  opened: Exclude<OpenedEntry, { readonly kind: 'lie' }>,
  place: Place,
  around: Surroundings,
): Course {
  switch (opened.kind) {
    case 'nothing':
    case 'proposal':
      return 'on';
    case 'message':
    case 'ticket':
      tell(opened, place, around);
      return 'on';
    case 'commit':
      return keep(opened, place, around);
    case 'ownCommit':
      place.group.keep(opened.pending.staged);
      return enterEpoch(opened.pending.change, place, around);
    case 'unreadable':
      return refuse(opened.code, place, around);
  }
}

function tell(
  opened: Extract<OpenedEntry, { readonly kind: 'message' | 'ticket' }>,
  { id, entry }: Place,
  { store, log, nowMs }: Surroundings,
): void {
  if (opened.kind === 'ticket') {
    const isKept = keepAnnounced(store.tickets, id, opened.ticket, nowMs());
    if (!isKept) log({ event: 'ticket-not-kept', conversation: id });
    return;
  }
  const { from, data } = opened;
  store.events.add({ kind: 'message', conversation: id, from, data, sequence: entry.sequence });
}

function keep(
  { staged, usedPsks }: Extract<OpenedEntry, { readonly kind: 'commit' }>,
  place: Place,
  around: Surroundings,
): Course {
  const { tickets } = around.store;
  const change = changeOf(staged);
  place.group.keep(staged);
  for (const pskId of usedPsks) tickets.delete(place.id, pskId);
  forgetExpired(tickets, place.id, around.nowMs());
  return staged.effects.selfRemoved ? end(change.by, place, around) : enterEpoch(change, place, around);
}

function enterEpoch(change: MembershipChange, { id, group }: Place, { store }: Surroundings): Course {
  store.conversations.deletePendingCommit(id);
  forgetGone({ id, group }, store);
  // Who was removed knows the keys of all open tickets, and the token of its own: none of them lets anybody in any more.
  if (removesAnother(change)) store.tickets.deleteAll(id);
  store.events.add({ kind: 'members', conversation: id, epoch: group.epoch, ...change });
  return 'on';
}

function end(by: string, { id }: Place, { store }: Surroundings): Course {
  endConversation(id, by, store);
  return 'ended';
}

/** Writes down that a conversation is over for this device. */
export function endConversation(id: string, by: string, store: Surroundings['store']): void {
  store.conversations.deletePendingCommit(id);
  store.conversations.setStatus(id, 'ended');
  store.outgoing.deleteAll(id);
  store.tickets.deleteAll(id);
  store.intruders.deleteAll(id);
  store.recoveries.deleteAll(id);
  const event: ClientEvent = { kind: 'removed', conversation: id, by };
  store.events.add(event);
}

/** A commit that ends the current epoch and cannot be read leaves the device behind: it has to come in again. */
function refuse(code: string, { id, group, entry }: Place, { store, log }: Surroundings): Course {
  log({ event: 'entry-refused', conversation: id, code });
  store.events.add({ kind: 'unreadable', conversation: id, sequence: entry.sequence, code });
  if (entry.kind !== delivery.LogEntryKind.COMMIT || entry.epoch !== group.epoch) return 'on';
  store.conversations.deletePendingCommit(id);
  store.recoveries.saveFault(id, code);
  keepIntruder(entry, { id, group }, store);
  return { fault: code };
}
