/**
 * A Delivery Service in memory, which keeps to its contract as long as it is not told to lose, to lie or to fall silent.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { receiptJwks } from '@canopy/identity';
import {
  Server,
  ServerCredentials,
  status,
  type Metadata,
  type ServerDuplexStream,
  type handleUnaryCall,
} from '@grpc/grpc-js';
import { DOMAIN, hex, LooseLog, present, Refusal, visible } from './loose-log.ts';

type Duplex = ServerDuplexStream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

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

/** A Delivery Service that can be told to misbehave. */
export class LooseDelivery extends LooseLog {
  readonly #server = new Server();
  readonly #listeners = new Set<Listener>();
  readonly #refused = new Set<string>();
  #port = 0;
  /** How many of the next answers of a method are lost after it has taken effect. */
  readonly losesAnswers = new Map<string, number>();
  /** How often each method was called, and each kind of request was sent over a stream. */
  readonly calls = new Map<string, number>();
  /** Whether every log is said to end before the cursor. */
  isBehind = false;
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
    const [groups, mailboxes] = [structuredClone(this.groups), structuredClone(this.mailboxes)];
    return () => {
      [this.groups, this.mailboxes] = [structuredClone(groups), structuredClone(mailboxes)];
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
      createGroup: unary('createGroup', (request: delivery.CreateGroupRequest) => this.create(request)),
      submitCommit: unary('submitCommit', (request: delivery.SubmitCommitRequest) => this.submit(request)),
      sendMessage: unary('sendMessage', (request: delivery.SendMessageRequest) => this.send(request)),
      readGroup: unary('readGroup', (request: delivery.ReadGroupRequest) => this.read(request)),
      getGroupInfo: unary('getGroupInfo', (request: delivery.GetGroupInfoRequest) => this.groupInfo(request)),
      getRatchetTree: unary('getRatchetTree', (request: delivery.GetRatchetTreeRequest) =>
        this.tree(request),
      ),
      createTicket: unary('createTicket', (request: delivery.CreateTicketRequest) => this.ticket(request)),
      reportReceipt: unary('reportReceipt', (request: delivery.ReportReceiptRequest) => this.report(request)),
      restoreEntries: unary('restoreEntries', (request: delivery.RestoreEntriesRequest) =>
        this.restore(request),
      ),
      getReceiptKeys: unary('getReceiptKeys', () => ({
        domain: DOMAIN,
        jwksJson: receiptJwks([this.signer]),
      })),
      readMailbox: unary('readMailbox', ({ afterSequence }: delivery.ReadMailboxRequest, device) => ({
        entries: this.mailboxOf(device).filter(({ sequence }) => sequence > afterSequence),
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
        return this.#followMailbox(listener, request.value.afterSequence);
      case 'group':
        return this.#follow(listener, request.value);
      case 'unsubscribe':
        return void listener.topics.delete(hex(request.value.groupId));
      case 'sendMessage':
        return this.#sendOver(listener, present(request.value.request), (value) => ({
          $case: 'sendAnswer',
          value,
        }));
      case 'sendMessages':
        for (const each of request.value.requests) {
          this.#count('stream:sendMessage');
          this.#sendOver(listener, each, (value) => ({ $case: 'sendAnswers', value: { answers: [value] } }));
        }
        return;
      case 'submitCommit':
        return this.#submitOver(listener, present(request.value.request));
      case 'acknowledgeMailbox':
        return;
    }
  }

  #sendOver(
    listener: Listener,
    request: delivery.SendMessageRequest,
    toResponse: (answer: delivery.SendMessageAnswer) => delivery.SubscribeResponse['response'],
  ): void {
    const { groupId, requestId } = delivery.GroupMessage.decode(request.message);
    const leased = listener.topics.get(hex(groupId))?.epoch;
    const value = { requestId, response: this.send(request, leased) };
    if (!this.#isLost('stream:sendMessage')) listener.call.write({ response: toResponse(value) });
  }

  #submitOver(listener: Listener, request: delivery.SubmitCommitRequest): void {
    const { requestId } = delivery.CommitBundle.decode(request.bundle);
    const value = { requestId, response: this.submit(request) };
    if (!this.#isLost('stream:submitCommit'))
      listener.call.write({ response: { $case: 'commitAnswer', value } });
  }

  #followMailbox(listener: Listener, afterSequence: bigint): void {
    const { call, device } = listener;
    const lastSequence = BigInt(this.mailboxOf(device).length);
    if (afterSequence > lastSequence) {
      call.write({ response: { $case: 'mailboxBehind', value: { lastSequence } } });
      return;
    }
    listener.mailbox = afterSequence;
    this.#pumpMailbox(listener);
    call.write({ response: { $case: 'mailboxLive', value: {} } });
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
    const group = this.group(hex(groupId));
    const lastSequence = BigInt(group.entries.length);
    if (this.isBehind || afterSequence > lastSequence) {
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
      return this.prove('Subscribe', groupId, signed);
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
    const group = this.group(id);
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
    const entries = this.mailboxOf(device).filter(({ sequence }) => sequence > cursor);
    if (entries.length === 0) return;
    listener.mailbox = entries.at(-1)?.sequence;
    call.write({ response: { $case: 'mailbox', value: { entries } } });
  }
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
