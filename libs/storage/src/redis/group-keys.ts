/**
 * Names of the keys of the Delivery Service. What one step touches has the same part in braces, and so the same slot.
 *
 * @module
 */
import { createHash } from 'node:crypto';

const APPENDED = ':appended';

/** Names the first five keys of a group: all that messages and their readers need. */
export function logKeys(groupId: Uint8Array): readonly string[] {
  const base = groupBase(groupId);
  return [`${base}:head`, `${base}:log`, `${base}:epochs`, `${base}:requests`, `${base}${APPENDED}`];
}

/** Names all keys of a group, in the order in which `scripts/group.lua` lists them. */
export function groupKeys(groupId: Uint8Array): readonly string[] {
  const base = groupBase(groupId);
  return [
    ...logKeys(groupId),
    `${base}:info`,
    `${base}:trees`,
    `${base}:tree-parts`,
    `${base}:tickets`,
    `${base}:used-tickets`,
    ...outboxKeys(groupId),
  ];
}

/** Names a group's outbox and its order. */
export function outboxKeys(groupId: Uint8Array): readonly string[] {
  const base = groupBase(groupId);
  return [`${base}:outbox`, `${base}:outbox-order`];
}

/** Names the channel where appends to a group are announced. */
export function groupChannel(groupId: Uint8Array): string {
  return `${groupBase(groupId)}${APPENDED}`;
}

/** Names the keys of a device's mailbox, in the order of `scripts/deliver.lua`; the last one is the channel. */
export function mailboxKeys(device: string): readonly string[] {
  const base = `canopy:mailbox:{d:${encodeURIComponent(device)}}`;
  return [`${base}:last`, `${base}:entries`, `${base}:deliveries`, mailboxChannel(device)];
}

/** Names the channel where deliveries to a device are announced. */
export function mailboxChannel(device: string): string {
  return `canopy:mailbox:{d:${encodeURIComponent(device)}}:delivered`;
}

/** Names the list of keys that sign receipts, and the keys by name. */
export const RECEIPT_KEYS = ['canopy:{receipt-keys}:names', 'canopy:{receipt-keys}:records'] as const;

/** Into how many lists groups are divided, so that no server of a cluster has all of them. */
export const LISTS = 64;

/** Names the list of groups that a group is in. */
export function groupsList(groupId: Uint8Array): string {
  return groupsListAt(listOf(groupId));
}

/** Names a list of groups. */
export function groupsListAt(index: number): string {
  return `canopy:groups:{${index}}`;
}

/** Names the list of groups with something in their outboxes that a group is in. */
export function outboxList(groupId: Uint8Array): string {
  return outboxListAt(listOf(groupId));
}

/** Names a list of groups with something in their outboxes. */
export function outboxListAt(index: number): string {
  return `canopy:outboxes:{${index}}`;
}

/** Names the list of mailboxes that a device's mailbox is in. */
export function mailboxesList(device: string): string {
  return mailboxesListAt(listOf(Buffer.from(device)));
}

/** Names a list of mailboxes. */
export function mailboxesListAt(index: number): string {
  return `canopy:mailboxes:{${index}}`;
}

function groupBase(groupId: Uint8Array): string {
  return `canopy:group:{g:${Buffer.from(groupId).toString('base64url')}}`;
}

function listOf(name: Uint8Array): number {
  return (createHash('sha256').update(name).digest()[0] ?? 0) % LISTS;
}
