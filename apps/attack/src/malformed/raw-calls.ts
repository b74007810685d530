/**
 * Calls with any bytes for a request, and what comes back.
 *
 * @module
 */
import { readServiceError, type CallError, type StatusName } from '@canopy/contract';
import { Client, credentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Rpc } from './descriptors.ts';

/** How a call ended. */
export interface Ending {
  readonly code: StatusName;
  /** The service's reason; empty for OK and for what the channel says by itself. */
  readonly reason: string;
  readonly message: string;
  readonly milliseconds: number;
}

/** How long a call may take; the services answer much sooner, or they hang. */
const DEADLINE_MS = 15_000;
/** Not a message of any kind: it ends a stream that has taken all that came before. */
const LAST = Buffer.from([0x0b]);

const plain = (bytes: Buffer): Buffer => bytes;

/** Opens a client that knows nothing of messages. */
export function openRawClient(address: string): Client {
  return new Client(address, credentials.createInsecure());
}

/** Calls a service with these bytes; a stream is sent them as its first message. */
export async function callRaw(
  client: Client,
  rpc: Rpc,
  metadata: Metadata,
  request: Buffer,
): Promise<Ending> {
  const start = performance.now();
  const failure = rpc.isStream
    ? await converse(client, rpc, metadata, request)
    : await ask(client, rpc, metadata, request);
  const milliseconds = performance.now() - start;
  if (failure === undefined) return { code: 'OK', reason: '', message: '', milliseconds };
  const { code, reason, message } = failure;
  return { code, reason, message, milliseconds };
}

function ask(
  client: Client,
  { path }: Rpc,
  metadata: Metadata,
  request: Buffer,
): Promise<CallError | undefined> {
  const { promise, resolve } = Promise.withResolvers<CallError | undefined>();
  const answer = (error: ServiceError | null): void =>
    resolve(error === null ? undefined : readServiceError(error));
  client.makeUnaryRequest(
    path,
    plain,
    plain,
    request,
    metadata,
    { deadline: Date.now() + DEADLINE_MS },
    answer,
  );
  return promise;
}

function converse(
  client: Client,
  { path }: Rpc,
  metadata: Metadata,
  request: Buffer,
): Promise<CallError | undefined> {
  const { promise, resolve } = Promise.withResolvers<CallError | undefined>();
  const call = client.makeBidiStreamRequest(path, plain, plain, metadata, {
    deadline: Date.now() + DEADLINE_MS,
  });
  call.on('error', (error) => resolve(readServiceError(error)));
  call.on('end', () => resolve(undefined));
  call.resume();
  call.write(request);
  call.write(LAST);
  call.end();
  return promise;
}
