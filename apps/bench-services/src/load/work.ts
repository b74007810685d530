/**
 * Prepares the work of a job: everything that can be made beforehand is made before anything is measured.
 *
 * @module
 */
import { authentication, callUnary, connect, delivery, directory } from '@canopy/contract';
import { Samples } from '../figures.ts';
import { bearer, tokensRequest } from '../scene/enrol.ts';
import { CIPHER_SUITE, Member, noise } from '../scene/group.ts';
import { makeKeyPackage } from '../scene/key-package.ts';
import { makeCalls, type Call } from './call-load.ts';
import { Readers } from './fan-out-load.ts';
import type { BenchGroup, Job } from './job.ts';
import { Sender, toStreamMessage, type StreamMessage } from './stream-load.ts';
import { requireResult } from './require-result.ts';

/** Work that is ready. */
export interface Work {
  /** Does the part that is not measured. */
  warmUp(): Promise<void>;
  /** Does the rest, and gives the time of each thing. */
  run(): Promise<Samples>;
  close(): void;
}

/** Makes the work of a job. */
export async function prepare(job: Job): Promise<Work> {
  switch (job.kind) {
    case 'tokens':
      return tokens(job);
    case 'publish':
      return publish(job);
    case 'claim':
      return claim(job);
    case 'commit':
      return commit(job);
    case 'call':
      return unaryMessages(job);
    case 'stream':
      return streamMessages(job);
    case 'fan-out':
      return fanOut(job);
  }
}

type JobOf<Kind extends Job['kind']> = Extract<Job, { readonly kind: Kind }>;

/** Work that is nothing but calls: the first of them warm up. */
function ofCalls(job: Job, calls: readonly Call[], close: () => void): Work {
  const samples = new Samples();
  return {
    warmUp: () => makeCalls(calls.slice(0, job.warmUp), job.inFlight, new Samples()),
    run: async () => {
      await makeCalls(calls.slice(job.warmUp), job.inFlight, samples);
      return samples;
    },
    close,
  };
}

function times<T>({ warmUp, count }: Job, make: (index: number) => T): T[] {
  return Array.from({ length: warmUp + count }, (_, index) => make(index));
}

function inTurn<T>(things: readonly T[], index: number): T {
  const thing = things[index % things.length];
  if (thing === undefined) throw new RangeError('nothing to take turns');
  return thing;
}

function tokens(job: JobOf<'tokens'>): Work {
  const client = connect(authentication.AuthenticationServiceClient, { address: job.address });
  const calls = times(job, (index) => async () => {
    const device = inTurn(job.devices, index);
    const { challenge } = await callUnary(client, 'beginAuthentication', { device: device.device });
    const { tokens: made } = await callUnary(
      client,
      'createAccessTokens',
      tokensRequest(device, job.domain, challenge),
    );
    if (made.length !== 2) throw new Error('two tokens were expected');
  });
  return ofCalls(job, calls, () => client.close());
}

function publish(job: JobOf<'publish'>): Work {
  const client = connect(directory.KeyDirectoryServiceClient, { address: job.address });
  const calls = times(job, (index) => {
    const device = inTurn(job.devices, index);
    const metadata = bearer(device.directoryToken);
    const keyPackages = Array.from({ length: job.batch }, () => ({
      keyPackage: makeKeyPackage(device),
      lastResort: false,
    }));
    return async () => {
      const { results } = await callUnary(client, 'publishKeyPackages', { keyPackages }, { metadata });
      for (const { result } of results) requireResult(result, 'stored');
    };
  });
  return ofCalls(job, calls, () => client.close());
}

function claim(job: JobOf<'claim'>): Work {
  const client = connect(directory.KeyDirectoryServiceClient, { address: job.address });
  const metadata = bearer(job.token);
  const calls = times(job, (index) => {
    const request = {
      ...directory.ClaimKeyPackagesRequest.decode(new Uint8Array()),
      requestId: noise(16),
      cipherSuite: CIPHER_SUITE,
      devices: [inTurn(job.devices, index)],
    };
    return async () => {
      const { devices } = await callUnary(client, 'claimKeyPackages', request, { metadata });
      requireResult(devices[0]?.result, 'claimed');
    };
  });
  return ofCalls(job, calls, () => client.close());
}

function commit(job: JobOf<'commit'>): Work {
  const client = connect(delivery.DeliveryServiceClient, { address: job.address });
  const metadata = bearer(job.token);
  const samples = new Samples();
  // Whole rounds of one commit in every group.
  const roundsOf = (commits: number): number => Math.ceil(commits / job.groups.length);
  const rounds = Array.from({ length: roundsOf(job.warmUp) + roundsOf(job.count) }, (_, round) =>
    job.groups.map((group) => {
      const request = new Member({ ...group, epoch: group.epoch + BigInt(round) }).commit([]);
      return async () =>
        requireResult((await callUnary(client, 'submitCommit', request, { metadata })).result, 'accepted');
    }),
  );
  const makeRounds = async (wanted: readonly Call[][], into: Samples): Promise<void> => {
    for (const calls of wanted) await makeCalls(calls, job.inFlight, into);
  };
  return {
    warmUp: () => makeRounds(rounds.slice(0, roundsOf(job.warmUp)), new Samples()),
    run: async () => {
      await makeRounds(rounds.slice(roundsOf(job.warmUp)), samples);
      return samples;
    },
    close: () => client.close(),
  };
}

function unaryMessages(job: JobOf<'call'>): Work {
  const client = connect(delivery.DeliveryServiceClient, { address: job.address });
  const metadata = bearer(job.token);
  const members = job.groups.map((group) => new Member(group));
  const calls = times(job, (index) => {
    const request = inTurn(members, index).message();
    return async () =>
      requireResult((await callUnary(client, 'sendMessage', request, { metadata })).result, 'accepted');
  });
  return ofCalls(job, calls, () => client.close());
}

/** A stream with its groups and its messages. */
interface Line {
  readonly sender: Sender;
  readonly messages: readonly StreamMessage[];
}

async function streamMessages(job: JobOf<'stream'>): Promise<Work> {
  const client = connect(delivery.DeliveryServiceClient, { address: job.address });
  const lines = Array.from({ length: job.streams }, (_, line): Line => {
    const groups = job.groups.filter((_group, index) => index % job.streams === line);
    const each = Math.ceil((job.warmUp + job.count) / job.streams);
    return {
      sender: new Sender(client, {
        metadata: bearer(job.token),
        groups,
        window: job.inFlight,
        together: job.together,
      }),
      messages: messagesFor(groups, each),
    };
  });
  for (const { sender } of lines) await sender.ready();
  const samples = new Samples();
  const warm = Math.ceil(job.warmUp / job.streams);
  const send = async (from: number, to: number | undefined, into: Samples): Promise<void> => {
    await Promise.all(lines.map(({ sender, messages }) => sender.send(messages.slice(from, to), into)));
  };
  return {
    warmUp: () => send(0, warm, new Samples()),
    run: async () => {
      await send(warm, undefined, samples);
      return samples;
    },
    close: () => closeAll(client, ...lines.map(({ sender }) => sender)),
  };
}

async function fanOut(job: JobOf<'fan-out'>): Promise<Work> {
  const client = connect(delivery.DeliveryServiceClient, { address: job.address });
  const metadata = bearer(job.token);
  const subscription = new Member(job.group).subscription();
  const audience = { client, metadata, subscription, streams: job.streams };
  const readers = new Readers(audience);
  await readers.ready(audience);
  const sender = new Sender(client, { metadata, groups: [job.group], window: job.inFlight, together: 1 });
  await sender.ready();
  const messages = messagesFor([job.group], job.warmUp + job.count);
  return {
    warmUp: async () => void (await readers.hear(messages.slice(0, job.warmUp), sender)),
    run: () => readers.hear(messages.slice(job.warmUp), sender),
    close: () => closeAll(client, sender, readers),
  };
}

function messagesFor(groups: readonly BenchGroup[], count: number): readonly StreamMessage[] {
  const members = groups.map((group) => new Member(group));
  return Array.from({ length: count }, (_, index) =>
    toStreamMessage(inTurn(members, index).messageUnderLease()),
  );
}

function closeAll(...things: readonly { close(): void }[]): void {
  for (const thing of things.toReversed()) thing.close();
}
