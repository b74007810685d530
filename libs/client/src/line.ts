/**
 * The open stream of a device as a way to send: pipelined, answered out of order by request id.
 *
 * @module
 */
import { CallError, delivery } from '@canopy/contract';
import { toHex } from './hex.ts';
import { Lane } from './lane.ts';

type Waiter<T> = ReturnType<typeof Promise.withResolvers<T | undefined>>;
type SendRequest = NonNullable<delivery.SubscribeRequest['request']>;

/** Sends one request over the stream; resolves when the next one may be sent. */
export type SendOver = (request: SendRequest) => Promise<void>;
/** The same, after everything that was asked for before: what is sent is made when its turn has come. */
type SendLater = (make: () => SendRequest) => Promise<void>;

/** A frame holds no more than so many messages, and no more than so many bytes of them. */
const MAX_MESSAGES = 64;
const MAX_BYTES = 256 * 1024;

/** Messages that go together. */
interface Frame {
  readonly requests: delivery.SendMessageRequest[];
  bytes: number;
  readonly gone: Promise<void>;
}

/** The way to the Delivery Service over the stream, while there is one. */
export class Line {
  readonly #messages = new Map<string, Waiter<delivery.SendMessageResponse>>();
  readonly #commits = new Map<string, Waiter<delivery.SubmitCommitResponse>>();
  /** The epochs that the service has taken a proof for on this stream, by conversation. */
  readonly #leases = new Map<string, bigint>();
  #send: SendLater | undefined;
  /** The newest messages, which wait for what is before them; others may join them. */
  #frame: Frame | undefined;

  /** Whether there is a stream to send over. */
  get isOpen(): boolean {
    return this.#send !== undefined;
  }

  /** Begins with a new stream. */
  open(send: SendOver): void {
    const lane = new Lane();
    // One at a time: whoever is next waits until the service takes more.
    this.#send = (make) => lane.run(() => send(make()));
    this.#frame = undefined;
  }

  /** Ends with the stream: what was not answered fails for now, and can be sent again under the same request id. */
  close(): void {
    this.#send = undefined;
    this.#frame = undefined;
    this.#leases.clear();
    for (const waiting of [this.#messages, this.#commits]) {
      for (const { reject } of waiting.values()) reject(new CallError('UNAVAILABLE', 'the stream has ended'));
      waiting.clear();
    }
  }

  /** Remembers that the stream speaks for a member of an epoch. */
  lease(conversation: string, epoch: bigint): void {
    this.#leases.set(conversation, epoch);
  }

  /** Forgets what the stream speaks for. */
  endLease(conversation: string): void {
    this.#leases.delete(conversation);
  }

  /** Whether a message of an epoch needs no proof of its own on this stream. */
  hasLease(conversation: string, epoch: bigint): boolean {
    const leased = this.#leases.get(conversation);
    return leased !== undefined && leased >= epoch;
  }

  /** Sends a message over the stream, together with others that wait. @throws {CallError} UNAVAILABLE when the stream ends before the answer */
  sendMessage(
    requestId: Uint8Array,
    request: delivery.SendMessageRequest,
  ): Promise<delivery.SendMessageResponse | undefined> {
    return this.#exchange(this.#messages, requestId, (send) => this.#join(send, request));
  }

  /** Offers a commit over the stream. @throws {CallError} UNAVAILABLE when the stream ends before the answer */
  submitCommit(
    requestId: Uint8Array,
    request: delivery.SubmitCommitRequest,
  ): Promise<delivery.SubmitCommitResponse | undefined> {
    return this.#exchange(this.#commits, requestId, (send) => {
      // Messages that are asked for later go later.
      this.#frame = undefined;
      return send(() => ({ $case: 'submitCommit', value: { request } }));
    });
  }

  /** Takes an answer that came over the stream; one that nobody waits for is passed over. */
  hear(response: NonNullable<delivery.SubscribeResponse['response']>): void {
    if (response.$case === 'sendAnswer') settle(this.#messages, response.value);
    if (response.$case === 'sendAnswers')
      for (const answer of response.value.answers) settle(this.#messages, answer);
    if (response.$case === 'commitAnswer') settle(this.#commits, response.value);
  }

  /** Puts a message into the frame that still waits, or into a new one; resolves when it has gone. */
  #join(send: SendLater, request: delivery.SendMessageRequest): Promise<void> {
    const size = request.message.length;
    const waiting = this.#frame;
    if (
      waiting !== undefined &&
      waiting.requests.length < MAX_MESSAGES &&
      waiting.bytes + size <= MAX_BYTES
    ) {
      waiting.requests.push(request);
      waiting.bytes += size;
      return waiting.gone;
    }
    const requests = [request];
    const gone = send(() => {
      if (this.#frame === frame) this.#frame = undefined;
      return toSend(requests);
    });
    const frame: Frame = { requests, bytes: size, gone };
    this.#frame = frame;
    return gone;
  }

  async #exchange<T>(
    waiting: Map<string, Waiter<T>>,
    requestId: Uint8Array,
    begin: (send: SendLater) => Promise<void>,
  ): Promise<T | undefined> {
    const send = this.#send;
    const id = toHex(requestId);
    if (send === undefined || waiting.has(id))
      throw new CallError('UNAVAILABLE', 'there is no stream to send over');
    const waiter: Waiter<T> = Promise.withResolvers();
    waiting.set(id, waiter);
    // When sending fails, the stream has ended, and the waiter with it.
    begin(send).catch((error: unknown) => {
      if (waiting.get(id) !== waiter) return;
      waiting.delete(id);
      waiter.reject(error);
    });
    return waiter.promise;
  }
}

function toSend(requests: readonly delivery.SendMessageRequest[]): SendRequest {
  const [request, ...others] = requests;
  return others.length === 0
    ? { $case: 'sendMessage', value: { request } }
    : { $case: 'sendMessages', value: { requests: [...requests] } };
}

function settle<T>(
  waiting: Map<string, Waiter<T>>,
  { requestId, response }: { readonly requestId: Uint8Array; readonly response: T | undefined },
): void {
  const id = toHex(requestId);
  waiting.get(id)?.resolve(response);
  waiting.delete(id);
}
