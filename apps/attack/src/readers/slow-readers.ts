/**
 * Streams that are read beside streams that are not: what the second cost the service and the first.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { callUnary, channelOptions, delivery, openStream, type Stream } from '@canopy/contract';
import { credentials } from '@grpc/grpc-js';
import type { Deployment } from '../deployment/deployment.ts';
import type { ServiceProcess } from '../deployment/service-process.ts';
import { GroupView } from '../history/group-view.ts';
import { prepareMessage } from '../history/prepared.ts';
import { createGroup } from '../parties/create-group.ts';
import { beginCall, frame, openSession } from '../parties/raw-channel.ts';
import { bearer, enrolDevice, type Device } from '../parties/device.ts';
import { closeStubs, openStubs, replicaOf, type Stubs } from '../parties/stubs.ts';

/** How many read, how many do not, and what there is to read. */
export interface ReadersOptions {
  readonly readers: number;
  readonly slowReaders: number;
  readonly messages: number;
  readonly messageBytes: number;
}

/** What was measured. */
export interface Measured {
  /** From the first message to the moment when every reader has every message. */
  readonly elapsedMs: number;
  /** The processor time that the service spent meanwhile. */
  readonly processorMs: number;
  /** The service's memory before the streams were opened, and the most that it had in use afterwards. */
  readonly residentBefore: number;
  readonly residentPeak: number;
}

type SubscribeStream = Stream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

interface OpenReader {
  readonly client: delivery.DeliveryServiceClient;
  readonly stream: SubscribeStream;
}

interface SlowReader {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
}

const SAMPLE_MS = 50;
const IN_FLIGHT = 16;

/** Writes messages to one group while readers follow it. */
export async function measureReaders(deployment: Deployment, options: ReadersOptions): Promise<Measured> {
  const [service] = deployment.replicas('delivery-service');
  if (service === undefined) throw new Error('there is no delivery service');
  const stubs = openStubs(deployment);
  const device = await enrolDevice(stubs, deployment.adminSecret, 'reader');
  const groupId = new Uint8Array(randomBytes(16));
  await createGroup(stubs, device, groupId);
  const memory = new Memory(service);
  const slow = openSlowReaders(service, device, { groupId, count: options.slowReaders });
  const good = await openReaders(service, device, { groupId, count: options.readers });
  try {
    const start = performance.now();
    const processorBefore = service.processorMs();
    const followed = Promise.all(good.map(({ stream }) => countEntries(stream, options.messages)));
    await write(stubs, device, { groupId, ...options });
    await followed;
    const elapsedMs = performance.now() - start;
    const processorMs = service.processorMs() - processorBefore;
    const measured = { elapsedMs, processorMs, ...memory.stop() };
    // Who begins to read at last gets everything: it was followed by the service all the time.
    for (const { stream } of slow.slice(0, 1))
      await readBytes(stream, options.messages * options.messageBytes);
    return measured;
  } finally {
    memory.stop();
    for (const { session } of slow) session.destroy();
    for (const { client, stream } of good) {
      stream.cancel();
      client.close();
    }
    closeStubs(stubs);
  }
}

/** Watches the memory of a process. */
class Memory {
  readonly #before: number;
  readonly #timer: NodeJS.Timeout;
  #peak: number;

  constructor(service: ServiceProcess) {
    this.#before = service.residentBytes();
    this.#peak = this.#before;
    this.#timer = setInterval(() => {
      this.#peak = Math.max(this.#peak, service.residentBytes());
    }, SAMPLE_MS);
  }

  stop(): Pick<Measured, 'residentBefore' | 'residentPeak'> {
    clearInterval(this.#timer);
    return { residentBefore: this.#before, residentPeak: this.#peak };
  }
}

/** Opens streams of which not a byte is read: what the service may send is what flow control lets it (RFC 9113 §5.2). */
function openSlowReaders(
  { address }: ServiceProcess,
  { tokens }: Device,
  { groupId, count }: { readonly groupId: Uint8Array; readonly count: number },
): readonly SlowReader[] {
  const view = new GroupView(groupId);
  const query = view.query();
  const value = { query, proof: view.prove('Subscribe', query) };
  const request = delivery.SubscribeRequest.encode({ request: { $case: 'group', value } }).finish();
  return Array.from({ length: count }, () => {
    const session = openSession(address);
    const headers = { authorization: `Bearer ${tokens.delivery}` };
    const stream = beginCall(session, '/canopy.delivery.v1.DeliveryService/Subscribe', headers);
    stream.write(frame(request));
    return { session, stream };
  });
}

/** Opens streams, each on a connection of its own as devices have it. */
async function openReaders(
  { address }: ServiceProcess,
  { tokens }: Device,
  { groupId, count }: { readonly groupId: Uint8Array; readonly count: number },
): Promise<readonly OpenReader[]> {
  const view = new GroupView(groupId);
  const query = view.query();
  const channel = { ...channelOptions(), 'grpc.use_local_subchannel_pool': 1 };
  const readers: OpenReader[] = [];
  for (let number = 0; number < count; number += 1) {
    const client = new delivery.DeliveryServiceClient(address, credentials.createInsecure(), channel);
    const stream = openStream(client, 'subscribe', { metadata: bearer(tokens.delivery) });
    const value = { query, proof: view.prove('Subscribe', query) };
    await stream.send({ request: { $case: 'group', value } });
    readers.push({ client, stream });
  }
  return readers;
}

async function countEntries({ responses }: SubscribeStream, expected: number): Promise<void> {
  let count = 0;
  for await (const { response } of responses) {
    if (response?.$case === 'entries') count += response.value.entries.length;
    if (count >= expected) return;
  }
  throw new Error(`a stream ended after ${count} of ${expected} entries`);
}

async function readBytes(stream: ClientHttp2Stream, expected: number): Promise<void> {
  let count = 0;
  for await (const chunk of stream) {
    count += Buffer.byteLength(chunk);
    if (count >= expected) return;
  }
  throw new Error(`a slow stream ended after ${count} of ${expected} bytes`);
}

async function write(
  stubs: Stubs,
  { tokens }: Device,
  { groupId, messages, messageBytes }: ReadersOptions & { readonly groupId: Uint8Array },
): Promise<void> {
  const view = new GroupView(groupId);
  const metadata = bearer(tokens.delivery);
  let left = messages;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const prepared = prepareMessage(view, 'application', messageBytes);
      if (prepared.method !== 'sendMessage') throw new Error('a message expected');
      const { result } = await callUnary(replicaOf(stubs.delivery), 'sendMessage', prepared.request, {
        metadata,
        deadlineMs: 30_000,
      });
      if (result?.$case !== 'accepted') throw new Error(`a message was ${result?.$case ?? 'not answered'}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}
