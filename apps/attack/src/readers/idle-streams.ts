/**
 * Streams that follow a group and a mailbox in which nothing happens: what they cost the service.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { channelOptions, delivery, openStream, type Stream } from '@canopy/contract';
import { credentials } from '@grpc/grpc-js';
import type { Deployment } from '../deployment/deployment.ts';
import { furnish } from '../parties/furnish.ts';
import { bearer, enrolDevice } from '../parties/device.ts';
import { closeStubs, openStubs } from '../parties/stubs.ts';

/** How many streams, on how many connections. */
export interface IdleOptions {
  readonly streams: number;
  readonly connections: number;
}

/** Opens streams and gives how many bytes of memory each costs the service, when all are live. */
export async function measureIdle(
  deployment: Deployment,
  { streams, connections }: IdleOptions,
): Promise<number> {
  const [service] = deployment.replicas('delivery-service');
  if (service === undefined) throw new Error('there is no delivery service');
  const stubs = openStubs(deployment);
  const { tokens, ...device } = await enrolDevice(stubs, deployment.adminSecret, 'idle');
  const view = await furnish(stubs, { tokens, ...device }, new Uint8Array(randomBytes(16)));
  const channel = { ...channelOptions(), 'grpc.use_local_subchannel_pool': 1 };
  const clients = Array.from(
    { length: connections },
    () => new delivery.DeliveryServiceClient(service.address, credentials.createInsecure(), channel),
  );
  const before = service.residentBytes();
  const opened: Stream<delivery.SubscribeRequest, delivery.SubscribeResponse>[] = [];
  try {
    for (let number = 0; number < streams; number += 1) {
      for (const client of clients.slice(number % connections, (number % connections) + 1)) {
        const stream = openStream(client, 'subscribe', { metadata: bearer(tokens.delivery) });
        opened.push(stream);
        const query = view.query();
        const value = { query, proof: view.prove('Subscribe', query) };
        await stream.send({ request: { $case: 'group', value } });
        await stream.send({ request: { $case: 'mailbox', value: { afterSequence: 0n } } });
        await untilLive(stream);
      }
    }
    return (service.residentBytes() - before) / streams;
  } finally {
    for (const stream of opened) stream.cancel();
    for (const client of clients) client.close();
    closeStubs(stubs);
  }
}

async function untilLive({
  responses,
}: Stream<delivery.SubscribeRequest, delivery.SubscribeResponse>): Promise<void> {
  const iterator = responses[Symbol.asyncIterator]();
  for (const missing = new Set(['live', 'mailboxLive']); missing.size > 0;) {
    const { value, done } = await iterator.next();
    if (done === true) throw new Error('a stream ended');
    missing.delete(value.response?.$case ?? '');
  }
}
