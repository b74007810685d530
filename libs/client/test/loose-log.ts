/**
 * What a Delivery Service keeps, and what it does with it, as its contract says, unless it is told to lie or to lose.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { delivery } from '@canopy/contract';
import {
  createReceiptKey,
  hashBody,
  openReceiptKey,
  receiptHash,
  signReceipt,
  verifyEpochAccessProof,
} from '@canopy/identity';
import { decodeMessage, encodeMessage, sliceWelcome, WireFormat } from '@canopy/mls';
import { status } from '@grpc/grpc-js';

/** The domain that receipts name. */
export const DOMAIN = 'example.com';
const CHUNK = 700;

type SignedFacts = Pick<delivery.CommitBundle, 'groupId' | 'epoch' | 'commit' | 'nextAccessKey'>;

interface Epoch {
  accessKey: Uint8Array;
  endedAt: bigint | undefined;
  receipt: string;
}

/** The log of one group. */
export interface Group {
  readonly epochs: Epoch[];
  readonly entries: delivery.LogEntry[];
  readonly requests: Map<string, bigint>;
  readonly trees: Map<string, Uint8Array>;
  /** Hashes of tokens, and whether each was used. */
  readonly tickets: Map<string, boolean>;
  groupInfo: Uint8Array;
  treeHash: string;
  lost: { epoch: bigint; sequence: bigint } | undefined;
  firstKept: bigint;
}

/** A call that fails with a status. */
export class Refusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** Bytes as the keys of maps. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
/** Requires that something is there. */
export const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Refusal(status.INVALID_ARGUMENT, 'something is missing');
  return value;
};

/** Logs and mailboxes in memory. */
export class LooseLog {
  readonly signer = openReceiptKey(createReceiptKey());
  groups = new Map<string, Group>();
  mailboxes = new Map<string, delivery.MailboxEntry[]>();
  /** Whether commits get receipts. */
  signs = true;
  /** Changes receipts before they are signed. */
  forge: (receipt: Parameters<typeof signReceipt>[0]) => Parameters<typeof signReceipt>[0] = (receipt) =>
    receipt;
  /** Changes the parts of trees that are read. */
  bendTree: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  /** How many of the next messages are one too many for now. */
  limited = 0;
  /** How many proofs were verified. */
  proven = 0;

  /** Calls the newest entry of a group something else, without a receipt; gives the way back. */
  relabel(id: string, kind: delivery.LogEntryKind): () => void {
    const { entries } = this.group(id);
    const honest = present(entries.pop());
    entries.push({ ...honest, kind, receipt: '' });
    return () => void entries.splice(-1, 1, honest);
  }

  /** Forgets the oldest entries of a group, up to a number. */
  truncate(id: string, upTo: bigint): void {
    this.group(id).firstKept = upTo + 1n;
  }

  /** Signs the receipts of a group's commits anew. */
  signAgain(id: string): void {
    const group = this.group(id);
    for (const [index, entry] of group.entries.entries()) {
      if (entry.kind !== delivery.LogEntryKind.COMMIT || entry.receipt === '') continue;
      const before = group.epochs[Number(entry.epoch) - 1]?.receipt ?? '';
      const ended = present(group.epochs[Number(entry.epoch)]);
      const nextAccessKey = present(group.epochs[Number(entry.epoch) + 1]).accessKey;
      const facts = {
        groupId: Buffer.from(id, 'hex'),
        epoch: entry.epoch,
        commit: entry.mlsMessage,
        nextAccessKey,
      };
      ended.receipt = this.sign(before, facts, entry.sequence);
      group.entries[index] = { ...entry, receipt: ended.receipt };
    }
  }

  /** The log of a group. */
  log(id: string): readonly delivery.LogEntry[] {
    return this.group(id).entries;
  }

  group(id: string): Group {
    const group = this.groups.get(id);
    if (group === undefined) throw new Refusal(status.PERMISSION_DENIED, 'PROOF_INVALID');
    return group;
  }

  prove(
    method: string,
    groupId: Uint8Array,
    [body, proof]: readonly [Uint8Array, delivery.EpochProof | undefined],
  ): bigint {
    this.proven += 1;
    const { epoch, timeUnixMs, signature } = present(proof);
    const publicKey = this.group(hex(groupId)).epochs[Number(epoch)]?.accessKey;
    const claim = { method, groupId, epoch, timeUnixMs, bodyHash: hashBody(body) };
    if (publicKey === undefined || !verifyEpochAccessProof(claim, { publicKey, signature })) {
      throw new Refusal(status.PERMISSION_DENIED, 'PROOF_INVALID');
    }
    return epoch;
  }

  create({
    groupId,
    accessKey,
    groupInfo,
    ratchetTree,
  }: delivery.CreateGroupRequest): delivery.CreateGroupResponse {
    const treeHash = hex(sha256(ratchetTree));
    this.groups.set(hex(groupId), {
      epochs: [{ accessKey, endedAt: undefined, receipt: '' }],
      entries: [],
      requests: new Map(),
      trees: new Map([[treeHash, ratchetTree]]),
      tickets: new Map(),
      groupInfo,
      treeHash,
      lost: undefined,
      firstKept: 1n,
    });
    return { result: { $case: 'created', value: {} } };
  }

  submit({ bundle: body, proof, ticket }: delivery.SubmitCommitRequest): delivery.SubmitCommitResponse {
    const bundle = delivery.CommitBundle.decode(body);
    const group = this.group(hex(bundle.groupId));
    const tokenHash = hex(sha256(ticket));
    if (ticket.length === 0) this.prove('SubmitCommit', bundle.groupId, [body, proof]);
    const known = group.requests.get(hex(bundle.requestId));
    const current = BigInt(group.epochs.length - 1);
    if (known !== undefined) {
      const receipt = group.epochs[Number(bundle.epoch)]?.receipt ?? '';
      return { result: { $case: 'accepted', value: { sequence: known, alreadyAccepted: true, receipt } } };
    }
    if (ticket.length > 0 && group.tickets.get(tokenHash) !== false) {
      const reason = delivery.SubmissionRejectionReason.TICKET_INVALID;
      return { result: { $case: 'rejected', value: { reason, detail: '' } } };
    }
    if (group.lost !== undefined) return { result: { $case: 'quarantined', value: quarantine(group) } };
    if (bundle.epoch !== current)
      return { result: { $case: 'conflict', value: conflict(group, bundle.knownSequence) } };
    if (ticket.length > 0) group.tickets.set(tokenHash, true);
    return { result: { $case: 'accepted', value: this.accept(group, bundle) } };
  }

  accept(group: Group, bundle: delivery.CommitBundle): delivery.CommitAccepted {
    const sequence = BigInt(group.entries.length) + 1n;
    const receipt = this.sign(group.epochs.at(-2)?.receipt ?? '', bundle, sequence);
    const ended = present(group.epochs.at(-1));
    [ended.endedAt, ended.receipt] = [sequence, receipt];
    group.epochs.push({ accessKey: bundle.nextAccessKey, endedAt: undefined, receipt: '' });
    const kind = delivery.LogEntryKind.COMMIT;
    group.entries.push({ sequence, kind, epoch: bundle.epoch, mlsMessage: bundle.commit, receipt });
    group.requests.set(hex(bundle.requestId), sequence);
    this.keep(group, bundle);
    this.deliver(bundle, sequence);
    return { sequence, alreadyAccepted: false, receipt };
  }

  sign(before: string, { groupId, epoch, commit, nextAccessKey }: SignedFacts, sequence: bigint): string {
    if (!this.signs) return '';
    const receipt = {
      domain: DOMAIN,
      groupId,
      epoch,
      commitHash: sha256(commit),
      previousReceiptHash: before === '' ? new Uint8Array() : receiptHash(before),
      sequence,
      acceptedAtMs: 1_000,
      nextAccessKey,
    };
    return signReceipt(this.forge(receipt), this.signer);
  }

  keep(
    group: Group,
    { groupInfo, ratchetTree }: { readonly groupInfo: Uint8Array; readonly ratchetTree: Uint8Array },
  ): void {
    group.groupInfo = groupInfo;
    group.treeHash = hex(sha256(ratchetTree));
    group.trees.set(group.treeHash, ratchetTree);
  }

  deliver(bundle: delivery.CommitBundle, groupSequence: bigint): void {
    const hash = sha256(bundle.ratchetTree);
    const tree = { epoch: bundle.epoch + 1n, hash, size: BigInt(bundle.ratchetTree.length) };
    for (const { device, keyPackageRef } of bundle.welcomeRecipients) {
      const message = decodeMessage(bundle.welcome);
      if (message.wireFormat !== WireFormat.welcome) throw new Refusal(status.INVALID_ARGUMENT, 'no Welcome');
      const part = sliceWelcome(message.welcome, keyPackageRef);
      const welcome = encodeMessage({ wireFormat: WireFormat.welcome, welcome: present(part) });
      const mailbox = this.mailboxOf(device);
      const sequence = BigInt(mailbox.length) + 1n;
      mailbox.push({ sequence, welcome, groupId: bundle.groupId, groupSequence, tree });
    }
  }

  send({ message: body, proof }: delivery.SendMessageRequest, leased?: bigint): delivery.SendMessageResponse {
    const { groupId, epoch, requestId, mlsMessage, knownSequence } = delivery.GroupMessage.decode(body);
    if (leased === undefined || proof !== undefined) this.prove('SendMessage', groupId, [body, proof]);
    const group = this.group(hex(groupId));
    const known = group.requests.get(hex(requestId));
    if (known !== undefined) {
      return { result: { $case: 'accepted', value: { sequence: known, alreadyAccepted: true } } };
    }
    if (this.limited > 0) {
      this.limited -= 1;
      return {
        result: { $case: 'limited', value: { limit: 'CANOPY_GROUP_RATE', value: 1n, retryAfterMs: 5n } },
      };
    }
    if (group.lost !== undefined) return { result: { $case: 'quarantined', value: quarantine(group) } };
    if (epoch + 2n < BigInt(group.epochs.length - 1)) {
      return { result: { $case: 'conflict', value: conflict(group, knownSequence) } };
    }
    const sequence = BigInt(group.entries.length) + 1n;
    group.entries.push({ sequence, kind: kindOf(mlsMessage), epoch, mlsMessage, receipt: '' });
    group.requests.set(hex(requestId), sequence);
    return { result: { $case: 'accepted', value: { sequence, alreadyAccepted: false } } };
  }

  read({ query: body, proof }: delivery.ReadGroupRequest): delivery.ReadGroupResponse {
    const { groupId, afterSequence } = delivery.GroupQuery.decode(body);
    const epoch = this.prove('ReadGroup', groupId, [body, proof]);
    const group = this.group(hex(groupId));
    const firstKeptSequence = afterSequence + 1n < group.firstKept ? group.firstKept : 0n;
    return { entries: [...visible(group, epoch, afterSequence)], end: true, firstKeptSequence };
  }

  groupInfo({ query: body, proof, ticket }: delivery.GetGroupInfoRequest): delivery.GetGroupInfoResponse {
    const { groupId } = delivery.GroupQuery.decode(body);
    const group = this.group(hex(groupId));
    const isGuest = group.tickets.get(hex(sha256(ticket))) === false;
    if (!isGuest) this.prove('GetGroupInfo', groupId, [body, proof]);
    const epoch = BigInt(group.epochs.length - 1);
    const size = BigInt(present(group.trees.get(group.treeHash)).length);
    return {
      epoch,
      groupInfo: group.groupInfo,
      tree: { epoch, hash: Buffer.from(group.treeHash, 'hex'), size },
    };
  }

  tree({ groupId, hash, offset }: delivery.GetRatchetTreeRequest): delivery.GetRatchetTreeResponse {
    const tree = this.group(hex(groupId)).trees.get(hex(hash));
    if (tree === undefined) return { result: { $case: 'notFound', value: {} } };
    const bytes = tree.slice(Number(offset), Number(offset) + CHUNK);
    return { result: { $case: 'chunk', value: { bytes: this.bendTree(bytes) } } };
  }

  ticket({ ticket: body, proof }: delivery.CreateTicketRequest): delivery.CreateTicketResponse {
    const { groupId, tokenHash, expiresAtUnixMs } = delivery.Ticket.decode(body);
    this.prove('CreateTicket', groupId, [body, proof]);
    const { tickets } = this.group(hex(groupId));
    if (!tickets.has(hex(tokenHash))) tickets.set(hex(tokenHash), false);
    return { result: { $case: 'created', value: { expiresAtUnixMs } } };
  }

  report({ receipt: jws }: delivery.ReportReceiptRequest): delivery.ReportReceiptResponse {
    const { groupId, epoch, sequence } = readReceipt(jws);
    const group = this.group(groupId);
    const own = group.epochs[Number(epoch)]?.receipt ?? '';
    if (own === jws) return { result: { $case: 'known', value: {} } };
    if (own !== '') return { result: { $case: 'contradicted', value: { receipt: own } } };
    if (BigInt(group.entries.length) >= sequence) return { result: { $case: 'lost', value: {} } };
    if (group.lost === undefined || group.lost.epoch < epoch) group.lost = { epoch, sequence };
    return { result: { $case: 'quarantined', value: quarantine(group) } };
  }

  restore({ entries: body, proof }: delivery.RestoreEntriesRequest): delivery.RestoreEntriesResponse {
    const { groupId, entries, groupInfo, ratchetTree } = delivery.LostEntries.decode(body);
    const group = this.group(hex(groupId));
    const commit = present(entries.at(-1));
    const { nextAccessKey: publicKey, epoch } = readReceipt(commit.receipt);
    if (group.epochs.length - 1 > Number(epoch)) {
      return {
        result: { $case: 'restored', value: { alreadyThere: true, reopened: group.lost === undefined } },
      };
    }
    const { epoch: spoken, timeUnixMs, signature } = present(proof);
    const claim = { method: 'RestoreEntries', groupId, epoch: spoken, timeUnixMs, bodyHash: hashBody(body) };
    if (!verifyEpochAccessProof(claim, { publicKey, signature }))
      throw new Refusal(status.PERMISSION_DENIED, 'no');
    if (present(entries[0]).sequence !== BigInt(group.entries.length) + 1n) {
      const reason = delivery.RestoreRefusalReason.GAP;
      return { result: { $case: 'refused', value: { reason, detail: '' } } };
    }
    group.entries.push(...entries);
    const ended = present(group.epochs.at(-1));
    [ended.endedAt, ended.receipt] = [commit.sequence, commit.receipt];
    group.epochs.push({ accessKey: publicKey, endedAt: undefined, receipt: '' });
    this.keep(group, { groupInfo, ratchetTree });
    if (group.lost !== undefined && group.lost.epoch <= epoch) group.lost = undefined;
    const reopened = group.lost === undefined;
    return { result: { $case: 'restored', value: { alreadyThere: false, reopened } } };
  }

  mailboxOf(device: string): delivery.MailboxEntry[] {
    const mailbox = this.mailboxes.get(device) ?? [];
    this.mailboxes.set(device, mailbox);
    return mailbox;
  }
}

/** The entries that an epoch opens after one of them. */
export function visible(group: Group, epoch: bigint, after: bigint): readonly delivery.LogEntry[] {
  const end = group.epochs[Number(epoch)]?.endedAt ?? BigInt(group.entries.length);
  return group.entries.filter(
    ({ sequence }) => sequence > after && sequence >= group.firstKept && sequence <= end,
  );
}

function conflict(group: Group, knownSequence: bigint): delivery.EpochConflict {
  const entries = group.entries.filter(({ sequence }) => sequence > knownSequence);
  const currentEpoch = BigInt(group.epochs.length - 1);
  return { currentEpoch, winningCommitHash: new Uint8Array(), entries, complete: true };
}

function quarantine(group: Group): delivery.GroupQuarantined {
  const { epoch, sequence } = present(group.lost);
  return { lastSequence: BigInt(group.entries.length), lostEpoch: epoch, lostSequence: sequence };
}

function kindOf(mlsMessage: Uint8Array): delivery.LogEntryKind {
  const message = decodeMessage(mlsMessage);
  if (message.wireFormat !== WireFormat.privateMessage) return delivery.LogEntryKind.PROPOSAL;
  return message.privateMessage.contentType === 1
    ? delivery.LogEntryKind.APPLICATION
    : delivery.LogEntryKind.PROPOSAL;
}

function readReceipt(jws: string): {
  groupId: string;
  epoch: bigint;
  sequence: bigint;
  nextAccessKey: Uint8Array;
} {
  const claims: unknown = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
  const read = (name: string): string =>
    String(typeof claims === 'object' && claims !== null && Reflect.get(claims, name));
  return {
    groupId: Buffer.from(read('group'), 'base64url').toString('hex'),
    epoch: BigInt(read('epoch')),
    sequence: BigInt(read('sequence')),
    nextAccessKey: Buffer.from(read('access_key'), 'base64url'),
  };
}
