/**
 * Requests to append that can be sent again, through another replica, or by two at a time.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { delivery } from '@canopy/contract';
import { ContentType } from '@canopy/mls';
import { groupInfo, privateMessage, welcome } from '../parties/messages.ts';
import { keyAfter } from '../parties/group-keys.ts';
import type { Append } from './event.ts';
import { hashOf, hex, type GroupView } from './group-view.ts';

/** A request that is ready to be sent, as often as one likes. */
export type Prepared = Pick<Append, 'group' | 'entry' | 'requestId' | 'recipients' | 'groupInfo'> &
  (
    | { readonly method: 'submitCommit'; readonly request: delivery.SubmitCommitRequest }
    | { readonly method: 'sendMessage'; readonly request: delivery.SendMessageRequest }
  );

function noise(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(length));
}

/** Makes a message for the epoch that a member is in. */
export function prepareMessage(view: GroupView, kind: 'application' | 'proposal', length = 64): Prepared {
  const { groupId, epoch } = view;
  const requestId = noise(16);
  const mlsMessage = privateMessage(ContentType[kind], { groupId, epoch }, noise, length);
  const message = delivery.GroupMessage.encode({
    groupId,
    epoch,
    requestId,
    mlsMessage,
    knownSequence: view.cursor,
  }).finish();
  return {
    method: 'sendMessage',
    request: { message, proof: view.prove('SendMessage', message) },
    group: view.name,
    entry: { kind, epoch, hash: hashOf(mlsMessage) },
    requestId: hex(requestId),
    recipients: [],
    groupInfo: '',
  };
}

/** Makes a commit that ends the epoch that a member is in, and adds devices. */
export function prepareCommit(view: GroupView, recipients: readonly string[]): Prepared {
  const { groupId, epoch } = view;
  const requestId = noise(16);
  const commit = privateMessage(ContentType.commit, { groupId, epoch }, noise);
  const info = groupInfo({ groupId, epoch: epoch + 1n }, noise);
  const added = recipients.map((device) => ({ keyPackageRef: noise(32), device }));
  const refs = added.map(({ keyPackageRef }) => keyPackageRef);
  const bundle = delivery.CommitBundle.encode({
    groupId,
    epoch,
    requestId,
    commit,
    welcome: refs.length === 0 ? new Uint8Array() : welcome(refs, noise),
    welcomeRecipients: added,
    groupInfo: info,
    nextAccessKey: keyAfter(groupId, commit).publicKey,
    ratchetTree: new Uint8Array(),
    knownSequence: view.cursor,
    revokeTickets: false,
  }).finish();
  return {
    method: 'submitCommit',
    request: { bundle, proof: view.prove('SubmitCommit', bundle), ticket: new Uint8Array() },
    group: view.name,
    entry: { kind: 'commit', epoch, hash: hashOf(commit) },
    requestId: hex(requestId),
    recipients,
    groupInfo: hashOf(info),
  };
}
