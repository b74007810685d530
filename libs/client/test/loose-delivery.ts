/**
 * A Delivery Service in memory, which keeps to its contract as long as it is not told to lose, to lie or to fall silent.
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
  receiptJwks,
  signReceipt,
  verifyEpochAccessProof,
} from '@canopy/identity';
import { decodeMessage, encodeMessage, sliceWelcome, WireFormat } from '@canopy/mls';
import {
  Server,
  ServerCredentials,
  status,
  type Metadata,
  type ServerDuplexStream,
  type handleUnaryCall,
} from '@grpc/grpc-js';

const DOMAIN = 'example.com';
const CHUNK = 700;

type Duplex = ServerDuplexStream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

type SignedFacts = Pick<delivery.CommitBundle, 'groupId' | 'epoch' | 'commit' | 'nextAccessKey'>;

interface Epoch {
  accessKey: Uint8Array;
  endedAt: bigint | undefined;
  receipt: string;
}

interface Group {
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

interface Topic {
  epoch: bigint;
  cursor: bigint;
  isLive: boolean;
  hasEnded: boolean;
}

interface Listener {
  readonly call: Duplex;
  readonly device: string;
  readonly topics: Map<string, Topic>;
  mailbox: bigint | undefined;
}

/** A call that fails with a status. */
class Refusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Refusal(status.INVALID_ARGUMENT, 'something is missing');
  return value;
};

/** A Delivery Service that can be told to misbehave. */
export class LooseDelivery {
  readonly #server = new Server();
  readonly #listeners = new Set<Listener>();
  readonly #signer = openReceiptKey(createReceiptKey());
  #groups = new Map<string, Group>();
  #mailboxes = new Map<string, delivery.MailboxEntry[]>();
  #port = 0;
  readonly #refused = new Set<string>();
  /** Whether commits get receipts. */
  signs = true;
  /** How many of the next answers of a method are lost after it has taken effect. */
  readonly losesAnswers = new Map<string, number>();
  /** How often each method was called, and each kind of request was sent over a stream. */
  readonly calls = new Map<string, number>();
  /** Changes receipts before they are signed. */
  forge: (receipt: Parameters<typeof signReceipt>[0]) => Parameters<typeof signReceipt>[0] = (receipt) =>
    receipt;
  /** Changes the parts of trees that are read. */
  bendTree: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  /** How many of the next messages are one too many for now. */
  limited = 0;
  /** How many proofs were verified. */
  proven = 0;
  /** Whether streams are answered at all. */
  isSilent = false;

  static async start(): Promise<LooseDelivery> {
    const service = new LooseDelivery();
    await service.#listen();
    return service;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Everything that it has, to go back to. */
  snapshot(): () => void {
    const [groups, mailboxes] = [structuredClone(this.#groups), structuredClone(this.#mailboxes)];
    return () => {
      [this.#groups, this.#mailboxes] = [structuredClone(groups), structuredClone(mailboxes)];
      this.dropStreams();
    };
  }

  /** Refuses all calls of a method until that is ended. */
  refuse(method: string): { end(): void } {
    this.#refused.add(method);
    return { end: () => void this.#refused.delete(method) };
  }

  /** Ends all streams as a lost connection does. */
  dropStreams(): void {
    for (const { call } of this.#listeners) call.emit('error', { code: status.UNAVAILABLE, details: 'gone' });
    this.#listeners.clear();
  }

  /** Tells all streams that the service is going away. */
  drain(): void {
    for (const { call } of this.#listeners) call.write({ response: { $case: 'draining', value: {} } });
  }

  /** Forgets the oldest entries of a group, up to a number. */
  truncate(id: string, upTo: bigint): void {
    this.#group(id).firstKept = upTo + 1n;
  }

  /** Signs the receipts of a group's commits anew. */
  signAgain(id: string): void {
    const group = this.#group(id);
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
      ended.receipt = this.#sign(before, facts, entry.sequence);
      group.entries[index] = { ...entry, receipt: ended.receipt };
    }
    this.dropStreams();
  }

  /** The log of a group. */
  log(id: string): readonly delivery.LogEntry[] {
    return this.#group(id).entries;
  }

  get openStreams(): number {
    return this.#listeners.size;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  async #listen(): Promise<void> {
    const unary =
      <Request, Response>(name: string, act: (request: Request, device: string) => Response) =>
      (...[call, callback]: Parameters<handleUnaryCall<Request, Response>>): void => {
        this.#count(name);
        try {
          if (this.#refused.has(name)) throw new Refusal(status.PERMISSION_DENIED, 'not now');
          const response = act(call.request, deviceOf(call.metadata));
          if (this.#isLost(name)) throw new Refusal(status.UNAVAILABLE, 'the answer is lost');
          callback(null, response);
        } catch (error) {
          callback(
            error instanceof Refusal ? { code: error.code, details: error.message } : fault(error),
            null,
          );
        }
        this.#pumpAll();
      };
    this.#server.addService(delivery.DeliveryServiceService, {
      createGroup: unary('createGroup', (request: delivery.CreateGroupRequest) => this.#create(request)),
      submitCommit: unary('submitCommit', (request: delivery.SubmitCommitRequest) => this.#submit(request)),
      sendMessage: unary('sendMessage', (request: delivery.SendMessageRequest) => this.#send(request)),
      readGroup: unary('readGroup', (request: delivery.ReadGroupRequest) => this.#read(request)),
      getGroupInfo: unary('getGroupInfo', (request: delivery.GetGroupInfoRequest) =>
        this.#groupInfo(request),
      ),
      getRatchetTree: unary('getRatchetTree', (request: delivery.GetRatchetTreeRequest) =>
        this.#tree(request),
      ),
      createTicket: unary('createTicket', (request: delivery.CreateTicketRequest) => this.#ticket(request)),
      reportReceipt: unary('reportReceipt', (request: delivery.ReportReceiptRequest) =>
        this.#report(request),
      ),
      restoreEntries: unary('restoreEntries', (request: delivery.RestoreEntriesRequest) =>
        this.#restore(request),
      ),
      getReceiptKeys: unary('getReceiptKeys', () => ({
        domain: DOMAIN,
        jwksJson: receiptJwks([this.#signer]),
      })),
      readMailbox: unary('readMailbox', ({ afterSequence }: delivery.ReadMailboxRequest, device) => ({
        entries: this.#mailboxOf(device).filter(({ sequence }) => sequence > afterSequence),
        end: true,
      })),
      acknowledgeMailbox: unary('acknowledgeMailbox', () => ({})),
      subscribe: (call: Duplex) => this.#subscribe(call),
    });
    this.#port = await new Promise((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }

  #count(name: string): void {
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
  }

  #isLost(name: string): boolean {
    const left = this.losesAnswers.get(name) ?? 0;
    this.losesAnswers.set(name, Math.max(left - 1, 0));
    return left > 0;
  }

  #group(id: string): Group {
    const group = this.#groups.get(id);
    if (group === undefined) throw new Refusal(status.PERMISSION_DENIED, 'PROOF_INVALID');
    return group;
  }

  #prove(
    method: string,
    groupId: Uint8Array,
    [body, proof]: readonly [Uint8Array, delivery.EpochProof | undefined],
  ): bigint {
    this.proven += 1;
    const { epoch, timeUnixMs, signature } = present(proof);
    const publicKey = this.#group(hex(groupId)).epochs[Number(epoch)]?.accessKey;
    const claim = { method, groupId, epoch, timeUnixMs, bodyHash: hashBody(body) };
    if (publicKey === undefined || !verifyEpochAccessProof(claim, { publicKey, signature })) {
      throw new Refusal(status.PERMISSION_DENIED, 'PROOF_INVALID');
    }
    return epoch;
  }

  #create({
    groupId,
    accessKey,
    groupInfo,
    ratchetTree,
  }: delivery.CreateGroupRequest): delivery.CreateGroupResponse {
    const treeHash = hex(sha256(ratchetTree));
    this.#groups.set(hex(groupId), {
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

  #submit({ bundle: body, proof, ticket }: delivery.SubmitCommitRequest): delivery.SubmitCommitResponse {
    const bundle = delivery.CommitBundle.decode(body);
    const group = this.#group(hex(bundle.groupId));
    const tokenHash = hex(sha256(ticket));
    if (ticket.length === 0) this.#prove('SubmitCommit', bundle.groupId, [body, proof]);
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
    return { result: { $case: 'accepted', value: this.#accept(group, bundle) } };
  }

  #accept(group: Group, bundle: delivery.CommitBundle): delivery.CommitAccepted {
    const sequence = BigInt(group.entries.length) + 1n;
    const receipt = this.#sign(group.epochs.at(-2)?.receipt ?? '', bundle, sequence);
    const ended = present(group.epochs.at(-1));
    [ended.endedAt, ended.receipt] = [sequence, receipt];
    group.epochs.push({ accessKey: bundle.nextAccessKey, endedAt: undefined, receipt: '' });
    const kind = delivery.LogEntryKind.COMMIT;
    group.entries.push({ sequence, kind, epoch: bundle.epoch, mlsMessage: bundle.commit, receipt });
    group.requests.set(hex(bundle.requestId), sequence);
    this.#keep(group, bundle);
    this.#deliver(bundle, sequence);
    return { sequence, alreadyAccepted: false, receipt };
  }

  #sign(before: string, { groupId, epoch, commit, nextAccessKey }: SignedFacts, sequence: bigint): string {
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
    return signReceipt(this.forge(receipt), this.#signer);
  }

  #keep(
    group: Group,
    { groupInfo, ratchetTree }: { readonly groupInfo: Uint8Array; readonly ratchetTree: Uint8Array },
  ): void {
    group.groupInfo = groupInfo;
    group.treeHash = hex(sha256(ratchetTree));
    group.trees.set(group.treeHash, ratchetTree);
  }

  #deliver(bundle: delivery.CommitBundle, groupSequence: bigint): void {
    const hash = sha256(bundle.ratchetTree);
    const tree = { epoch: bundle.epoch + 1n, hash, size: BigInt(bundle.ratchetTree.length) };
    for (const { device, keyPackageRef } of bundle.welcomeRecipients) {
      const message = decodeMessage(bundle.welcome);
      if (message.wireFormat !== WireFormat.welcome) throw new Refusal(status.INVALID_ARGUMENT, 'no Welcome');
      const part = sliceWelcome(message.welcome, keyPackageRef);
      const welcome = encodeMessage({ wireFormat: WireFormat.welcome, welcome: present(part) });
      const mailbox = this.#mailboxOf(device);
      const sequence = BigInt(mailbox.length) + 1n;
      mailbox.push({ sequence, welcome, groupId: bundle.groupId, groupSequence, tree });
    }
  }

  #send(
    { message: body, proof }: delivery.SendMessageRequest,
    leased?: bigint,
  ): delivery.SendMessageResponse {
    const { groupId, epoch, requestId, mlsMessage, knownSequence } = delivery.GroupMessage.decode(body);
    if (leased === undefined || proof !== undefined) this.#prove('SendMessage', groupId, [body, proof]);
    const group = this.#group(hex(groupId));
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

  #read({ query: body, proof }: delivery.ReadGroupRequest): delivery.ReadGroupResponse {
    const { groupId, afterSequence } = delivery.GroupQuery.decode(body);
    const epoch = this.#prove('ReadGroup', groupId, [body, proof]);
    const group = this.#group(hex(groupId));
    const firstKeptSequence = afterSequence + 1n < group.firstKept ? group.firstKept : 0n;
    return { entries: [...visible(group, epoch, afterSequence)], end: true, firstKeptSequence };
  }

  #groupInfo({ query: body, proof, ticket }: delivery.GetGroupInfoRequest): delivery.GetGroupInfoResponse {
    const { groupId } = delivery.GroupQuery.decode(body);
    const group = this.#group(hex(groupId));
    const isGuest = group.tickets.get(hex(sha256(ticket))) === false;
    if (!isGuest) this.#prove('GetGroupInfo', groupId, [body, proof]);
    const epoch = BigInt(group.epochs.length - 1);
    const size = BigInt(present(group.trees.get(group.treeHash)).length);
    return {
      epoch,
      groupInfo: group.groupInfo,
      tree: { epoch, hash: Buffer.from(group.treeHash, 'hex'), size },
    };
  }

  #tree({ groupId, hash, offset }: delivery.GetRatchetTreeRequest): delivery.GetRatchetTreeResponse {
    const tree = this.#group(hex(groupId)).trees.get(hex(hash));
    if (tree === undefined) return { result: { $case: 'notFound', value: {} } };
    const bytes = tree.slice(Number(offset), Number(offset) + CHUNK);
    return { result: { $case: 'chunk', value: { bytes: this.bendTree(bytes) } } };
  }

  #ticket({ ticket: body, proof }: delivery.CreateTicketRequest): delivery.CreateTicketResponse {
    const { groupId, tokenHash, expiresAtUnixMs } = delivery.Ticket.decode(body);
    this.#prove('CreateTicket', groupId, [body, proof]);
    const { tickets } = this.#group(hex(groupId));
    if (!tickets.has(hex(tokenHash))) tickets.set(hex(tokenHash), false);
    return { result: { $case: 'created', value: { expiresAtUnixMs } } };
  }

  #report({ receipt: jws }: delivery.ReportReceiptRequest): delivery.ReportReceiptResponse {
    const { groupId, epoch, sequence } = readReceipt(jws);
    const group = this.#group(groupId);
    const own = group.epochs[Number(epoch)]?.receipt ?? '';
    if (own === jws) return { result: { $case: 'known', value: {} } };
    if (own !== '') return { result: { $case: 'contradicted', value: { receipt: own } } };
    if (group.lost === undefined || group.lost.epoch < epoch) group.lost = { epoch, sequence };
    return { result: { $case: 'quarantined', value: quarantine(group) } };
  }

  #restore({ entries: body, proof }: delivery.RestoreEntriesRequest): delivery.RestoreEntriesResponse {
    const { groupId, entries, groupInfo, ratchetTree } = delivery.LostEntries.decode(body);
    const group = this.#group(hex(groupId));
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
    this.#keep(group, { groupInfo, ratchetTree });
    if (group.lost !== undefined && group.lost.epoch <= epoch) group.lost = undefined;
    const reopened = group.lost === undefined;
    return { result: { $case: 'restored', value: { alreadyThere: false, reopened } } };
  }

  #mailboxOf(device: string): delivery.MailboxEntry[] {
    const mailbox = this.#mailboxes.get(device) ?? [];
    this.#mailboxes.set(device, mailbox);
    return mailbox;
  }

  #subscribe(call: Duplex): void {
    this.#count('subscribe');
    const listener: Listener = {
      call,
      device: deviceOf(call.metadata),
      topics: new Map(),
      mailbox: undefined,
    };
    this.#listeners.add(listener);
    call.on('data', ({ request }: delivery.SubscribeRequest) => {
      if (this.isSilent || request === undefined) return;
      this.#count(`stream:${request.$case}`);
      try {
        this.#hear(listener, request);
      } catch (error) {
        call.emit(
          'error',
          error instanceof Refusal ? { code: error.code, details: error.message } : fault(error),
        );
      }
      this.#pumpAll();
    });
    const leave = (): void => void this.#listeners.delete(listener);
    call.on('end', () => {
      leave();
      call.end();
    });
    call.on('cancelled', leave);
    call.on('error', leave);
  }

  #hear(listener: Listener, request: NonNullable<delivery.SubscribeRequest['request']>): void {
    switch (request.$case) {
      case 'ping':
        listener.call.write({ response: { $case: 'pong', value: request.value } });
        return;
      case 'mailbox':
        listener.mailbox = request.value.afterSequence;
        this.#pumpMailbox(listener);
        listener.call.write({ response: { $case: 'mailboxLive', value: {} } });
        return;
      case 'group':
        return this.#follow(listener, request.value);
      case 'unsubscribe':
        return void listener.topics.delete(hex(request.value.groupId));
      case 'sendMessage':
        return this.#sendOver(listener, present(request.value.request));
      case 'submitCommit':
        return this.#submitOver(listener, present(request.value.request));
      case 'acknowledgeMailbox':
        return;
    }
  }

  #sendOver(listener: Listener, request: delivery.SendMessageRequest): void {
    const { groupId, requestId } = delivery.GroupMessage.decode(request.message);
    const leased = listener.topics.get(hex(groupId))?.epoch;
    const value = { requestId, response: this.#send(request, leased) };
    if (!this.#isLost('stream:sendMessage'))
      listener.call.write({ response: { $case: 'sendAnswer', value } });
  }

  #submitOver(listener: Listener, request: delivery.SubmitCommitRequest): void {
    const { requestId } = delivery.CommitBundle.decode(request.bundle);
    const value = { requestId, response: this.#submit(request) };
    if (!this.#isLost('stream:submitCommit'))
      listener.call.write({ response: { $case: 'commitAnswer', value } });
  }

  #follow({ topics, call }: Listener, { query: body, proof }: delivery.SubscribeGroup): void {
    const { groupId, afterSequence } = delivery.GroupQuery.decode(body);
    const epoch = this.#leaseOf(groupId, [body, proof]);
    if (epoch === undefined) {
      call.write({
        response: { $case: 'refused', value: { groupId, reason: 'PROOF_INVALID', limit: undefined } },
      });
      return;
    }
    const group = this.#group(hex(groupId));
    const lastSequence = BigInt(group.entries.length);
    if (afterSequence > lastSequence) {
      call.write({ response: { $case: 'behind', value: { groupId, lastSequence } } });
    } else if (afterSequence + 1n < group.firstKept) {
      const value = { groupId, firstKeptSequence: group.firstKept };
      call.write({ response: { $case: 'truncated', value } });
    } else {
      const known = topics.get(hex(groupId));
      topics.set(hex(groupId), {
        epoch,
        cursor: known?.cursor ?? afterSequence,
        isLive: false,
        hasEnded: false,
      });
    }
  }

  #leaseOf(
    ...[groupId, signed]: [Uint8Array, readonly [Uint8Array, delivery.EpochProof | undefined]]
  ): bigint | undefined {
    try {
      return this.#prove('Subscribe', groupId, signed);
    } catch {
      return undefined;
    }
  }

  #pumpAll(): void {
    if (this.isSilent) return;
    for (const listener of this.#listeners) {
      for (const [id, topic] of listener.topics) this.#pump(listener, id, topic);
      this.#pumpMailbox(listener);
    }
  }

  #pump({ call }: Listener, id: string, topic: Topic): void {
    const groupId = Buffer.from(id, 'hex');
    const group = this.#group(id);
    const entries = [...visible(group, topic.epoch, topic.cursor)];
    topic.cursor = entries.at(-1)?.sequence ?? topic.cursor;
    if (entries.length > 0) call.write({ response: { $case: 'entries', value: { groupId, entries } } });
    if (group.epochs[Number(topic.epoch)]?.endedAt === undefined) {
      if (!topic.isLive) call.write({ response: { $case: 'live', value: { groupId } } });
      topic.isLive = true;
    } else if (!topic.hasEnded) {
      topic.hasEnded = true;
      call.write({ response: { $case: 'leaseEnded', value: { groupId, endedEpoch: topic.epoch } } });
    }
  }

  #pumpMailbox(listener: Listener): void {
    const { call, device, mailbox: cursor } = listener;
    if (cursor === undefined) return;
    const entries = this.#mailboxOf(device).filter(({ sequence }) => sequence > cursor);
    if (entries.length === 0) return;
    listener.mailbox = entries.at(-1)?.sequence;
    call.write({ response: { $case: 'mailbox', value: { entries } } });
  }
}

function visible(group: Group, epoch: bigint, after: bigint): readonly delivery.LogEntry[] {
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

/** The device that a token is for; nothing is checked here. */
function deviceOf(metadata: Metadata): string {
  const [token] = metadata.get('authorization');
  const claims: unknown = JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());
  return typeof claims === 'object' && claims !== null ? String(Reflect.get(claims, 'sub')) : '';
}

function fault(error: unknown): { code: status; details: string } {
  return {
    code: status.INTERNAL,
    details: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
