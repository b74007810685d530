/**
 * Every call about a group, with a good body and whatever proof one likes.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { callUnary, delivery, openStream, readServiceError } from '@canopy/contract';
import { ContentType } from '@canopy/mls';
import type { Metadata } from '@grpc/grpc-js';
import type { ProofMethod } from '../parties/group-keys.ts';
import { keyAfter } from '../parties/group-keys.ts';
import { groupInfo, privateMessage, type Place } from '../parties/messages.ts';

/** A call about a group. */
export interface GroupCall {
  readonly name: string;
  readonly method: ProofMethod;
  /** Makes the bytes that a proof is made over. */
  readonly body: (place: Place) => Uint8Array;
  /** Sends them; gives what came back, as one line: the status and its reason, or the kind of answer. */
  readonly send: (
    caller: Caller,
    body: Uint8Array,
    proof: delivery.EpochProof | undefined,
  ) => Promise<string>;
}

/** Who calls. */
export interface Caller {
  readonly client: delivery.DeliveryServiceClient;
  readonly metadata: Metadata;
}

function noise(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(length));
}

const NONE = new Uint8Array();
const DEADLINE_MS = 10_000;

function bundle({ groupId, epoch }: Place): Uint8Array {
  const commit = privateMessage(ContentType.commit, { groupId, epoch }, noise);
  return delivery.CommitBundle.encode({
    groupId,
    epoch,
    requestId: noise(16),
    commit,
    welcome: NONE,
    welcomeRecipients: [],
    groupInfo: groupInfo({ groupId, epoch: epoch + 1n }, noise),
    nextAccessKey: keyAfter(groupId, commit).publicKey,
    ratchetTree: NONE,
    knownSequence: 0n,
    revokeTickets: false,
  }).finish();
}

function message({ groupId, epoch }: Place): Uint8Array {
  const mlsMessage = privateMessage(ContentType.application, { groupId, epoch }, noise);
  return delivery.GroupMessage.encode({
    groupId,
    epoch,
    requestId: noise(16),
    mlsMessage,
    knownSequence: 0n,
  }).finish();
}

function query({ groupId }: Place): Uint8Array {
  return delivery.GroupQuery.encode({ groupId, afterSequence: 0n, limit: 0, device: '' }).finish();
}

function ticket({ groupId }: Place): Uint8Array {
  const expiresAtUnixMs = BigInt(Date.now() + 60_000);
  return delivery.Ticket.encode({ groupId, tokenHash: noise(32), expiresAtUnixMs }).finish();
}

/** Gives an answer in one line. */
async function inWords(
  answer: Promise<{ readonly result?: { readonly $case: string } | undefined } | object>,
): Promise<string> {
  try {
    const answered = await answer;
    return 'result' in answered && answered.result !== undefined ? answered.result.$case : 'answered';
  } catch (error) {
    const { code, reason, message: text } = readServiceError(error);
    return `${code} ${reason}: ${text}`;
  }
}

/** Sends one request on a stream, and gives the first thing that comes back. */
async function onStream({ client, metadata }: Caller, request: delivery.SubscribeRequest): Promise<string> {
  const stream = openStream(client, 'subscribe', { metadata, deadlineMs: DEADLINE_MS });
  try {
    await stream.send(request);
    for await (const { response } of stream.responses) return wordsOfResponse(response);
    return 'ended';
  } catch (error) {
    const { code, reason, message: text } = readServiceError(error);
    return `${code} ${reason}: ${text}`;
  } finally {
    stream.cancel();
  }
}

function wordsOfResponse(response: delivery.SubscribeResponse['response']): string {
  if (response?.$case === 'refused') return `refused ${response.value.reason}`;
  return response?.$case === 'sendAnswer' || response?.$case === 'commitAnswer'
    ? wordsOf(response.value.response?.result)
    : (response?.$case ?? 'nothing');
}

function wordsOf(
  result: delivery.SendMessageResponse['result'] | delivery.SubmitCommitResponse['result'],
): string {
  return result?.$case === 'rejected' ? `rejected ${result.value.reason}` : (result?.$case ?? 'nothing');
}

/** The calls that take a proof, on their own and on a stream. */
export const GROUP_CALLS: readonly GroupCall[] = [
  {
    name: 'SubmitCommit',
    method: 'SubmitCommit',
    body: bundle,
    send: ({ client, metadata }, body, proof) =>
      inWords(callUnary(client, 'submitCommit', { bundle: body, proof, ticket: NONE }, { metadata })),
  },
  {
    name: 'SendMessage',
    method: 'SendMessage',
    body: message,
    send: ({ client, metadata }, body, proof) =>
      inWords(callUnary(client, 'sendMessage', { message: body, proof }, { metadata })),
  },
  {
    name: 'ReadGroup',
    method: 'ReadGroup',
    body: query,
    send: ({ client, metadata }, body, proof) =>
      inWords(callUnary(client, 'readGroup', { query: body, proof }, { metadata })),
  },
  {
    name: 'GetGroupInfo',
    method: 'GetGroupInfo',
    body: query,
    send: ({ client, metadata }, body, proof) =>
      inWords(callUnary(client, 'getGroupInfo', { query: body, proof, ticket: NONE }, { metadata })),
  },
  {
    name: 'CreateTicket',
    method: 'CreateTicket',
    body: ticket,
    send: ({ client, metadata }, body, proof) =>
      inWords(callUnary(client, 'createTicket', { ticket: body, proof }, { metadata })),
  },
  {
    name: 'Subscribe, following a group',
    method: 'Subscribe',
    body: query,
    send: (caller, body, proof) =>
      onStream(caller, { request: { $case: 'group', value: { query: body, proof } } }),
  },
  {
    name: 'Subscribe, sending a message',
    method: 'SendMessage',
    body: message,
    send: (caller, body, proof) =>
      onStream(caller, { request: { $case: 'sendMessage', value: { request: { message: body, proof } } } }),
  },
  {
    name: 'Subscribe, submitting a commit',
    method: 'SubmitCommit',
    body: bundle,
    send: (caller, body, proof) =>
      onStream(caller, {
        request: { $case: 'submitCommit', value: { request: { bundle: body, proof, ticket: NONE } } },
      }),
  },
];
