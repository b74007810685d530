import { callUnary, CallError, readServiceError } from '@canopy/contract';
import { Metadata, type ServiceError as GrpcError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  aborted,
  invalidArgument,
  permissionDenied,
  resourceExhausted,
  unauthenticated,
  unavailable,
} from '../src/index.ts';
import { startToy, type Toy, type ToyHandlers, type ToyOptions } from './toy-directory.ts';

let toy: Toy | undefined;

async function start(handlers: ToyHandlers, options?: ToyOptions): Promise<Toy> {
  toy = await startToy(handlers, options);
  return toy;
}

afterEach(async () => {
  await toy?.close();
  toy = undefined;
});

async function failureOf(call: Promise<unknown>): Promise<CallError> {
  const error: unknown = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof CallError)) {
    throw new Error('the call should have failed', { cause: error });
  }
  return error;
}

/** Sends bytes as they are, as no generated client would. */
function sendRaw({ directory }: Toy, bytes: Buffer): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  directory.makeUnaryRequest(
    '/canopy.directory.v1.KeyDirectoryService/PublishKeyPackages',
    (raw: Buffer) => raw,
    (raw) => raw,
    bytes,
    new Metadata(),
    { deadline: Date.now() + 10_000 },
    (error: GrpcError | null, response?: Buffer) =>
      error === null ? resolve(response) : reject(readServiceError(error)),
  );
  return promise;
}

describe('a unary call', () => {
  it('answers a request', async () => {
    const { directory } = await start({
      publish: (request) =>
        Promise.resolve({ results: request.keyPackages.map((_, index) => ({ index, result: undefined })) }),
    });
    const upload = { keyPackage: new Uint8Array([1]), lastResort: false };
    const response = await callUnary(directory, 'publishKeyPackages', { keyPackages: [upload, upload] });
    expect(response.results.map(({ index }) => index)).toEqual([0, 1]);
  });

  it.each([
    {
      code: 'INVALID_ARGUMENT',
      error: invalidArgument('a.b', 'is required'),
      reason: 'FIELD_INVALID',
      metadata: { field: 'a.b' },
    },
    {
      code: 'UNAUTHENTICATED',
      error: unauthenticated('TOKEN_MISSING'),
      reason: 'TOKEN_MISSING',
      metadata: {},
    },
    { code: 'PERMISSION_DENIED', error: permissionDenied('NOT_YOURS'), reason: 'NOT_YOURS', metadata: {} },
    {
      code: 'RESOURCE_EXHAUSTED',
      error: resourceExhausted('topics', 100),
      reason: 'LIMIT_EXCEEDED',
      metadata: { limit: 'topics', value: '100' },
    },
    {
      code: 'UNAVAILABLE',
      error: unavailable(new Error('10.1.2.3 is away')),
      reason: 'DEPENDENCY_UNAVAILABLE',
      metadata: {},
    },
    { code: 'ABORTED', error: aborted('EPOCH_MOVED_ON'), reason: 'EPOCH_MOVED_ON', metadata: {} },
  ])(
    'tells the caller of $code, its reason and nothing of its cause',
    async ({ error, code, reason, metadata }) => {
      const { directory, incidents } = await start({ count: () => Promise.reject(error) });
      const failure = await failureOf(callUnary(directory, 'countKeyPackages', {}));
      expect({ code: failure.code, reason: failure.reason, metadata: failure.metadata }).toEqual({
        code,
        reason,
        metadata,
      });
      expect(failure.message).not.toContain('10.1.2.3');
      expect(incidents).toEqual([]);
    },
  );

  it('is UNAVAILABLE, and no incident, after an error that means that something is away', async () => {
    const [away, broken] = [new Error('10.1.2.3 is away'), new Error('broken')];
    const failures = [away, broken];
    const isUnavailable = (error: unknown): boolean => error === away;
    toy = await startToy(
      { count: () => Promise.reject(failures.shift() ?? new Error('no more')) },
      { calls: { isUnavailable } },
    );
    const first = await failureOf(callUnary(toy.directory, 'countKeyPackages', {}));
    expect([first.code, first.reason]).toEqual(['UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE']);
    expect(first.message).not.toContain('10.1.2.3');
    const second = await failureOf(callUnary(toy.directory, 'countKeyPackages', {}));
    expect(second.code).toBe('INTERNAL');
    expect(toy.incidents.map(({ cause }) => cause)).toEqual([broken]);
  });

  it('tells which field is wrong and how long to wait', async () => {
    const { directory } = await start({
      count: () => Promise.reject(resourceExhausted('calls per second', 5, 1_500)),
      publish: () => Promise.reject(invalidArgument('key_packages', 'must have length 1 to 100, has 0')),
    });
    const exhausted = await failureOf(callUnary(directory, 'countKeyPackages', {}));
    const invalid = await failureOf(callUnary(directory, 'publishKeyPackages', { keyPackages: [] }));
    expect(exhausted.retryAfterMs).toBe(1_500);
    expect(invalid.fieldViolations).toEqual([
      { field: 'key_packages', description: 'must have length 1 to 100, has 0' },
    ]);
  });

  it('hides the cause of what must not happen behind an incident id, which the log has with the cause', async () => {
    const { directory, incidents, logLines } = await start({
      count: () => Promise.reject(new TypeError('password of the store is hunter2')),
    });
    const failure = await failureOf(callUnary(directory, 'countKeyPackages', {}));
    const incident = failure.metadata['incident'] ?? 'none';
    expect(failure.code).toBe('INTERNAL');
    expect(failure.message).toBe(`internal error, incident ${incident}`);
    expect(incidents.map(({ id }) => id)).toEqual([incident]);
    expect(logLines.some((line) => line.includes(incident) && line.includes('hunter2'))).toBe(true);
  });

  it('turns a handler that throws before its first await into an incident as well', async () => {
    const { directory } = await start({
      count: () => {
        throw new RangeError('at once');
      },
    });
    expect((await failureOf(callUnary(directory, 'countKeyPackages', {}))).code).toBe('INTERNAL');
  });

  it.each([
    ['a length beyond the end', '0a05'],
    ['a truncated varint', '0aff'],
    ['a varint of eleven bytes', '0affffffffffffffffffff01'],
    ['field number 0', '0200'],
    ['a wire type that does not exist', '0f'],
    ['a group that is never closed', '0b'],
    ['a nested message that is truncated', '0a020a05'],
  ])('refuses %s as INVALID_ARGUMENT and names the request', async (_, hex) => {
    const started = await start({});
    const failure = await failureOf(sendRaw(started, Buffer.from(hex, 'hex')));
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.fieldViolations).toEqual([{ field: 'request', description: 'is not valid protobuf' }]);
    expect(started.incidents).toEqual([]);
  });

  it('refuses more fields than it can afford to decode', async () => {
    const failure = await failureOf(sendRaw(await start({}), Buffer.from('0a00'.repeat(16_385), 'hex')));
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.message).toContain('at most 16384 fields');
  });

  it('refuses a request above the configured size with RESOURCE_EXHAUSTED', async () => {
    const { directory } = await start({}, { environment: { CANOPY_MAX_MESSAGE_BYTES: '1024' } });
    const keyPackages = [{ keyPackage: new Uint8Array(2_000), lastResort: false }];
    expect((await failureOf(callUnary(directory, 'publishKeyPackages', { keyPackages }))).code).toBe(
      'RESOURCE_EXHAUSTED',
    );
  });

  it('fires the signal when the deadline of the caller is over', async () => {
    const fired = Promise.withResolvers<void>();
    const { directory, incidents } = await start({
      count: async (_, { signal }) => {
        signal.addEventListener('abort', () => fired.resolve());
        await fired.promise;
        throw signal.reason;
      },
    });
    // The connection is there before the clock starts to run.
    await callUnary(directory, 'publishKeyPackages', { keyPackages: [] });
    const failure = await failureOf(callUnary(directory, 'countKeyPackages', {}, { deadlineMs: 500 }));
    expect(failure.code).toBe('DEADLINE_EXCEEDED');
    await fired.promise;
    expect(incidents).toEqual([]);
  });

  it('bounds a call whose caller names no deadline, even when the handler ignores its signal', async () => {
    const { directory } = await start(
      { count: () => Promise.withResolvers<never>().promise },
      { calls: { defaultDeadlineMs: 50 } },
    );
    const { promise, resolve } = Promise.withResolvers<GrpcError | null>();
    directory.countKeyPackages({}, (error) => resolve(error));
    expect(readServiceError(await promise).code).toBe('DEADLINE_EXCEEDED');
  });

  it('fires the signal when the caller cancels', async () => {
    const arrived = Promise.withResolvers<void>();
    const fired = Promise.withResolvers<void>();
    const { directory } = await start({
      count: async (_, { signal }) => {
        signal.addEventListener('abort', () => fired.resolve());
        arrived.resolve();
        await fired.promise;
        throw signal.reason;
      },
    });
    const controller = new AbortController();
    const call = failureOf(callUnary(directory, 'countKeyPackages', {}, { signal: controller.signal }));
    await arrived.promise;
    controller.abort();
    await fired.promise;
    expect((await call).code).toBe('CANCELLED');
  });

  it('does not fire the signal of a call that ended well', async () => {
    const signals: AbortSignal[] = [];
    const { directory } = await start({
      count: (_, { signal }) => {
        signals.push(signal);
        return Promise.resolve({ counts: [] });
      },
    });
    await callUnary(directory, 'countKeyPackages', {});
    await callUnary(directory, 'countKeyPackages', {});
    expect(signals.map(({ aborted: fired }) => fired)).toEqual([false, false]);
  });

  it('repeats an idempotent call that was UNAVAILABLE, and no other', async () => {
    let calls = 0;
    const { directory } = await start({
      count: () => {
        calls += 1;
        return calls < 3 ? Promise.reject(unavailable(new Error('away'))) : Promise.resolve({ counts: [] });
      },
    });
    const once = await failureOf(callUnary(directory, 'countKeyPackages', {}));
    expect([once.code, calls]).toEqual(['UNAVAILABLE', 1]);
    await callUnary(directory, 'countKeyPackages', {}, { idempotent: true });
    expect(calls).toBe(3);
  });
});
