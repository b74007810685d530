import { callUnary, CallError, delivery, openStream, readServiceError, requireCase } from '@canopy/contract';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { permissionDenied } from '../src/index.ts';
import { startToy, type Toy, type ToyHandlers } from './toy-directory.ts';

let toy: Toy | undefined;

async function start(handlers: ToyHandlers): Promise<Toy> {
  toy = await startToy(handlers);
  return toy;
}

afterEach(async () => {
  await toy?.close();
  toy = undefined;
});

function ping(token: bigint): delivery.SubscribeRequest {
  return { request: { $case: 'ping', value: { token } } };
}

function pong(token: bigint): delivery.SubscribeResponse {
  return { response: { $case: 'pong', value: { token } } };
}

/** Of 10 kB each, as many as a stream takes before it pauses its writer: together more than the window of a connection. */
const WRITES = 12;

/** A response with a number, of 100 kB when not said otherwise. */
function large(sequence: number, bytes = 100_000): delivery.SubscribeResponse {
  const [welcome, none] = [new Uint8Array(bytes), new Uint8Array()];
  const entry = {
    sequence: BigInt(sequence),
    welcome,
    groupId: none,
    groupSequence: 0n,
    tree: undefined,
    ratchetTree: none,
  };
  return { response: { $case: 'mailbox', value: { entries: [entry] } } };
}

function tokenOf(response: delivery.SubscribeResponse): bigint {
  return response.response?.$case === 'pong' ? response.response.value.token : -1n;
}

async function* echo(
  requests: AsyncIterable<delivery.SubscribeRequest>,
): AsyncGenerator<delivery.SubscribeResponse> {
  for await (const { request } of requests) {
    yield pong(request?.$case === 'ping' ? request.value.token : 0n);
  }
}

async function collect(responses: AsyncIterable<delivery.SubscribeResponse>): Promise<bigint[]> {
  const tokens: bigint[] = [];
  for await (const response of responses) {
    tokens.push(tokenOf(response));
  }
  return tokens;
}

async function failureOf(work: Promise<unknown>): Promise<CallError> {
  return readServiceError(
    await work.then(
      () => 'no error',
      (error: unknown) => error,
    ),
  );
}

/** Waits until a count stands still while calls are answered beside it. */
async function standstill(client: Toy['directory'], count: () => number): Promise<void> {
  let quiet = 0;
  while (quiet < 20) {
    const before = count();
    await callUnary(client, 'countKeyPackages', {});
    quiet = count() === before ? quiet + 1 : 0;
  }
}

describe('a bidirectional call', () => {
  it('answers in order and ends when the handler ends', async () => {
    const { delivery: client } = await start({ subscribe: echo });
    const stream = openStream(client, 'subscribe');
    for (let token = 0n; token < 100n; token += 1n) {
      await stream.send(ping(token));
    }
    stream.finish();
    expect(await collect(stream.responses)).toEqual(Array.from({ length: 100 }, (_, index) => BigInt(index)));
  });

  it('asks for no more responses than fit while the caller does not read, and loses none', async () => {
    const total = 500;
    let made = 0;
    const { delivery: client, directory } = await start({
      async *subscribe() {
        for (; made < total; made += 1) {
          yield large(made);
        }
      },
    });
    const stream = openStream(client, 'subscribe');
    await standstill(directory, () => made);
    expect(made).toBeGreaterThan(0);
    // The client of grpc-js buffers some sixteen by itself; the service adds no more than one or two of this size.
    expect(made).toBeLessThan(25);
    let read = 0n;
    for await (const { response } of stream.responses) {
      expect(response?.$case === 'mailbox' ? response.value.entries[0]?.sequence : undefined).toBe(read);
      read += 1n;
    }
    expect(read).toBe(BigInt(total));
  });

  it('asks for many small responses in one go, and then pauses as well', async () => {
    let made = 0;
    let madeInFirstTurn = 0;
    const { delivery: client, directory } = await start({
      async *subscribe() {
        setImmediate(() => {
          madeInFirstTurn = made;
        });
        for (; made < 50_000; made += 1) {
          yield pong(BigInt(made));
        }
      },
    });
    const stream = openStream(client, 'subscribe');
    await standstill(directory, () => made);
    expect(madeInFirstTurn).toBeGreaterThan(200);
    expect(made).toBeLessThan(30_000);
    expect(await collect(stream.responses)).toHaveLength(50_000);
  });

  it('takes no more requests than fit while the handler does not read', async () => {
    const release = Promise.withResolvers<void>();
    const { delivery: client, directory } = await start({
      async *subscribe(requests) {
        await release.promise;
        yield* echo(requests);
      },
    });
    const stream = openStream(client, 'subscribe');
    const bundle = new Uint8Array(16_384);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1_000; sent += 1) {
        await stream.send({
          request: {
            $case: 'submitCommit',
            value: { request: { bundle, proof: undefined, ticket: new Uint8Array() } },
          },
        });
      }
      stream.finish();
    })();
    for (let round = 0; round < 50; round += 1) {
      await callUnary(directory, 'countKeyPackages', {});
    }
    expect(sent).toBeLessThan(100);
    release.resolve();
    expect(await collect(stream.responses)).toHaveLength(1_000);
    await sending;
  });

  it('sends what came before an error, then the error with its details', async () => {
    const { delivery: client } = await start({
      async *subscribe() {
        yield pong(1n);
        throw permissionDenied('NOT_A_MEMBER');
      },
    });
    const tokens: bigint[] = [];
    const failure = await failureOf(
      (async () => {
        for await (const response of openStream(client, 'subscribe').responses) {
          tokens.push(tokenOf(response));
        }
      })(),
    );
    expect(tokens).toEqual([1n]);
    expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'NOT_A_MEMBER']);
  });

  it('sends all that was written, then the error, while the next request is waited for and nobody reads', async () => {
    const over = Promise.withResolvers<IteratorResult<unknown>>();
    const {
      delivery: client,
      directory,
      incidents,
    } = await start({
      async *subscribe(requests) {
        const listening = requests[Symbol.asyncIterator]().next();
        void listening.then(over.resolve, over.reject);
        for (let made = 0; made < WRITES; made += 1) {
          yield large(made, 10_000);
        }
        throw permissionDenied('NOT_A_MEMBER');
      },
    });
    const stream = openStream(client, 'subscribe', { deadlineMs: 4_000 });
    // The handler has long failed when the first response is read.
    for (let round = 0; round < 20; round += 1) {
      await callUnary(directory, 'countKeyPackages', {});
    }
    const read: bigint[] = [];
    const failure = await failureOf(
      (async () => {
        for await (const { response } of stream.responses) {
          read.push(response?.$case === 'mailbox' ? (response.value.entries[0]?.sequence ?? -1n) : -1n);
          await callUnary(directory, 'countKeyPackages', {});
        }
      })(),
    );
    expect(read).toEqual(Array.from({ length: WRITES }, (_, index) => BigInt(index)));
    expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'NOT_A_MEMBER']);
    // Whoever waits for the next request learns that there is none.
    expect(await over.promise).toMatchObject({ done: true });
    expect(incidents).toEqual([]);
  });

  it('names the field of a request in the stream that a handler refuses', async () => {
    const { delivery: client, incidents } = await start({
      async *subscribe(requests) {
        for await (const { request } of requests) {
          yield pong(requireCase(request, 'mailbox', 'request').afterSequence);
        }
      },
    });
    const stream = openStream(client, 'subscribe');
    await stream.send(ping(1n));
    const failure = await failureOf(collect(stream.responses));
    expect(failure.fieldViolations).toEqual([{ field: 'request', description: 'must be mailbox, is ping' }]);
    expect(incidents).toEqual([]);
  });

  it('refuses a malformed message in the stream as INVALID_ARGUMENT', async () => {
    const { delivery: client, incidents } = await start({ subscribe: echo });
    const call = client.makeBidiStreamRequest(
      '/canopy.delivery.v1.DeliveryService/Subscribe',
      (raw: Buffer) => raw,
      (raw) => raw,
      new Metadata(),
      {},
    );
    const ended = Promise.withResolvers<unknown>();
    call.on('error', ended.resolve);
    call.resume();
    call.write(Buffer.from('0aff', 'hex'));
    expect(readServiceError(await ended.promise)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      fieldViolations: [{ field: 'request' }],
    });
    expect(incidents).toEqual([]);
  });

  it('lets a handler go on writing after it has stopped reading', async () => {
    const { delivery: client } = await start({
      async *subscribe(requests) {
        for await (const _ of requests) {
          break;
        }
        yield pong(7n);
      },
    });
    const stream = openStream(client, 'subscribe');
    await stream.send(ping(1n));
    expect(await collect(stream.responses)).toEqual([7n]);
  });

  it('fires the signal and ends the generator when the caller goes', async () => {
    const ended = Promise.withResolvers<boolean>();
    const { delivery: client, incidents } = await start({
      async *subscribe(requests, { signal }) {
        try {
          yield pong(1n);
          yield* echo(requests);
        } finally {
          ended.resolve(signal.aborted);
        }
      },
    });
    const stream = openStream(client, 'subscribe');
    for await (const _ of stream.responses) {
      stream.cancel();
      break;
    }
    expect(await ended.promise).toBe(true);
    expect(incidents).toEqual([]);
  });

  it('is ended when the deadline of the caller is over, on both sides', async () => {
    const ended = Promise.withResolvers<boolean>();
    const { delivery: client, incidents } = await start({
      async *subscribe(requests, { signal }) {
        try {
          yield* echo(requests);
        } finally {
          ended.resolve(signal.aborted);
        }
      },
    });
    const stream = openStream(client, 'subscribe', { deadlineMs: 300 });
    expect((await failureOf(collect(stream.responses))).code).toBe('DEADLINE_EXCEEDED');
    expect(await ended.promise).toBe(true);
    expect(incidents).toEqual([]);
  });

  it('ends a generator that is paused by a reader who goes', async () => {
    const ended = Promise.withResolvers<boolean>();
    const { delivery: client, directory } = await start({
      async *subscribe(_, { signal }) {
        try {
          for (let made = 0; made < 1_000; made += 1) {
            yield large(made);
          }
        } finally {
          ended.resolve(signal.aborted);
        }
      },
    });
    const stream = openStream(client, 'subscribe');
    await callUnary(directory, 'countKeyPackages', {});
    stream.cancel();
    expect(await ended.promise).toBe(true);
  });

  it('tells the error of a stream also to who starts to read later', async () => {
    const { delivery: client, directory } = await start({
      subscribe() {
        throw permissionDenied('NOT_A_MEMBER');
      },
    });
    const stream = openStream(client, 'subscribe');
    await callUnary(directory, 'countKeyPackages', {});
    expect((await failureOf(collect(stream.responses))).reason).toBe('NOT_A_MEMBER');
  });
});
