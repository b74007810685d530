/**
 * The kinds of work that are measured.
 *
 * @module
 */
import { connect, callUnary, delivery } from '@canopy/contract';
import { formatDeviceUri } from '@canopy/identity';
import type { Metadata } from '@grpc/grpc-js';
import type { Figures } from './figures.ts';
import type { BenchDevice, BenchGroup, Job } from './load/job.ts';
import { runJob } from './processes/loader.ts';
import type { Service, Services } from './processes/services.ts';
import { bearer } from './scene/enrol.ts';
import { createRequest, Member, newGroup } from './scene/group.ts';

/** All cases, in the order of the table. */
export const caseNames = [
  'no-op-call',
  'bare-stream',
  'bare-fan-out-1',
  'bare-fan-out-100',
  'bare-fan-out-1000',
  'token',
  'publish',
  'claim',
  'commit',
  'append-call',
  'append-stream',
  'append-stream-single',
  'fan-out-1',
  'fan-out-100',
  'fan-out-1000',
  'append-log-0',
  'append-log-10000',
  'append-members-2',
  'append-members-1000',
] as const;
/** A kind of work. */
export type CaseName = (typeof caseNames)[number];

/** What the cases of one run work with. */
export interface Scene {
  readonly services: Services;
  /** Enrolled devices. */
  readonly devices: readonly BenchDevice[];
  /** Divides the amount of work. */
  readonly divisor: number;
}

/** Measures one kind of work. */
export async function runCase(name: CaseName, scene: Scene): Promise<Figures> {
  const { job, pid, each = 1 } = await cases[name](scene);
  const figures = await runJob(job, pid);
  return { ...figures, count: figures.count * each, serverUs: figures.serverUs / each };
}

/** A job against a service; `each` says how many things one call of it does. */
interface Task {
  readonly job: Job;
  readonly pid: number;
  readonly each?: number;
}

/** How many calls are under way at a time: beyond it a busy machine with two cores only adds waiting. */
const CALLS = 64;
const STREAMS = 4;
const GROUPS = 16;
/** Messages without an answer on each stream, when every message is a frame of its own. */
const WINDOW = 128;
/** Messages in one frame: as many as the client library puts into one. */
const TOGETHER = 64;
/** Messages without an answer on each stream, when they come in such frames. */
const WIDE_WINDOW = 1_024;
const BATCH = 20;
const DELIVERIES = 100_000;

const cases: Readonly<Record<CaseName, (scene: Scene) => Promise<Task>>> = {
  'no-op-call': async (scene) => calls(scene, scene.services.noOp, await groups(GROUPS)),
  'bare-stream': async (scene) => stream(scene, scene.services.noOp, { groups: await groups(GROUPS) }),
  'bare-fan-out-1': async (scene) => fanOut(scene, scene.services.noOp, 1),
  'bare-fan-out-100': async (scene) => fanOut(scene, scene.services.noOp, 100),
  'bare-fan-out-1000': async (scene) => fanOut(scene, scene.services.noOp, 1_000),
  token: (scene) => Promise.resolve(tokens(scene)),
  publish: (scene) => Promise.resolve(publish(scene)),
  claim,
  commit,
  'append-call': async (scene) => calls(scene, scene.services.delivery, await groups(GROUPS, scene)),
  'append-stream': async (scene) =>
    stream(scene, scene.services.delivery, {
      groups: await groups(GROUPS, scene),
      together: TOGETHER,
      count: 240_000,
    }),
  'append-stream-single': async (scene) =>
    stream(scene, scene.services.delivery, { groups: await groups(GROUPS, scene) }),
  'fan-out-1': async (scene) => fanOut(scene, scene.services.delivery, 1),
  'fan-out-100': async (scene) => fanOut(scene, scene.services.delivery, 100),
  'fan-out-1000': async (scene) => fanOut(scene, scene.services.delivery, 1_000),
  'append-log-0': async (scene) => alone(scene, await groups(1, scene)),
  'append-log-10000': async (scene) => alone(scene, await longGroup(scene, 10_000)),
  'append-members-2': async (scene) => alone(scene, await peopledGroup(scene, 2)),
  'append-members-1000': async (scene) => alone(scene, await peopledGroup(scene, 1_000)),
};

function amount({ divisor }: Scene, count: number): { readonly count: number; readonly warmUp: number } {
  return { count: Math.ceil(count / divisor), warmUp: Math.ceil(count / divisor / 5) };
}

function sender({ devices: [first] }: Scene): BenchDevice {
  if (first === undefined) throw new RangeError('a scene without devices');
  return first;
}

function calls(scene: Scene, { address, pid }: Service, to: readonly BenchGroup[]): Task {
  const token = sender(scene).deliveryToken;
  const job = {
    kind: 'call',
    address,
    token,
    groups: to,
    inFlight: CALLS,
    ...amount(scene, 15_000),
  } as const;
  return { job, pid };
}

interface Streaming {
  readonly groups: readonly BenchGroup[];
  readonly streams?: number;
  readonly count?: number;
  /** Messages in one frame. */
  readonly together?: number;
}

function stream(
  scene: Scene,
  { address, pid }: Service,
  { groups: to, streams = STREAMS, count = 60_000, together = 1 }: Streaming,
): Task {
  const token = sender(scene).deliveryToken;
  const inFlight = together === 1 ? WINDOW : WIDE_WINDOW;
  const how = { streams, together, inFlight, ...amount(scene, count) };
  return { job: { kind: 'stream', address, token, groups: to, ...how }, pid };
}

/** One stream, one group: what is measured is the cost of an append there. */
function alone(scene: Scene, to: readonly BenchGroup[]): Task {
  return stream(scene, scene.services.delivery, { groups: to, streams: 1, count: 20_000 });
}

async function fanOut(scene: Scene, service: Service, streams: number): Promise<Task> {
  const { address, pid } = service;
  const [group = newGroup()] = await groups(1, service === scene.services.noOp ? undefined : scene);
  const messages = amount(scene, Math.min(20_000, DELIVERIES / streams));
  const token = sender(scene).deliveryToken;
  return { job: { kind: 'fan-out', address, token, streams, group, inFlight: WINDOW, ...messages }, pid };
}

function tokens(scene: Scene): Task {
  const { authentication, registrar } = scene.services;
  const { address, pid } = authentication;
  const { devices } = scene;
  const { domain } = registrar;
  const how = { inFlight: CALLS, ...amount(scene, 3_000) };
  return { job: { kind: 'tokens', address, domain, devices, ...how }, pid };
}

function publish(scene: Scene): Task {
  const { address, pid } = scene.services.directory;
  const { devices } = scene;
  const how = { batch: BATCH, inFlight: 8, ...amount(scene, 2_000 / BATCH) };
  return { job: { kind: 'publish', address, devices, ...how }, pid, each: BATCH };
}

async function claim(scene: Scene): Promise<Task> {
  const { address, pid } = scene.services.directory;
  const { count, warmUp } = amount(scene, 2_000);
  const { directoryToken: token } = sender(scene);
  const { devices } = scene;
  const stock = { count: Math.ceil((count + warmUp) / BATCH) + devices.length, warmUp: 0 };
  await runJob({ kind: 'publish', address, devices, batch: BATCH, inFlight: 8, ...stock }, pid);
  const targets = devices.map(({ device }) => device);
  return { job: { kind: 'claim', address, token, devices: targets, inFlight: CALLS, count, warmUp }, pid };
}

async function commit(scene: Scene): Promise<Task> {
  const { address, pid } = scene.services.delivery;
  const to = await groups(CALLS, scene);
  const token = sender(scene).deliveryToken;
  return {
    job: { kind: 'commit', address, token, groups: to, inFlight: CALLS, ...amount(scene, 2_000) },
    pid,
  };
}

/** Makes groups, and opens them at the Delivery Service of a scene. */
async function groups(count: number, scene?: Scene): Promise<readonly BenchGroup[]> {
  const made = Array.from({ length: count }, newGroup);
  if (scene !== undefined) {
    await atDelivery(scene, async (client, metadata) => {
      for (const group of made) await callUnary(client, 'createGroup', createRequest(group), { metadata });
    });
  }
  return made;
}

/** Opens a group and sends so many messages to it. */
async function longGroup(scene: Scene, messages: number): Promise<readonly BenchGroup[]> {
  const opened = await groups(1, scene);
  const { job, pid } = stream(scene, scene.services.delivery, { groups: opened, streams: 1 });
  await runJob({ ...job, count: messages, warmUp: 0 }, pid);
  return opened.map((group) => ({ ...group, entries: BigInt(messages) }));
}

/** Opens a group and adds so many members to it by one commit. */
async function peopledGroup(scene: Scene, members: number): Promise<readonly BenchGroup[]> {
  const [group = newGroup()] = await groups(1, scene);
  const { domain } = scene.services.registrar;
  const joiners = Array.from({ length: members }, (_, index) =>
    formatDeviceUri({ domain, name: `joiner${index}`, deviceId: 'device22' }),
  );
  await atDelivery(scene, async (client, metadata) => {
    const { result } = await callUnary(client, 'submitCommit', new Member(group).commit(joiners), {
      metadata,
    });
    if (result?.$case !== 'accepted') throw new Error(`the commit was not accepted: ${reasonOf(result)}`);
  });
  return [{ ...group, epoch: group.epoch + 1n, entries: 1n }];
}

async function atDelivery(
  scene: Scene,
  work: (client: delivery.DeliveryServiceClient, metadata: Metadata) => Promise<void>,
): Promise<void> {
  const { address } = scene.services.delivery;
  const client = connect(delivery.DeliveryServiceClient, { address });
  try {
    await work(client, bearer(sender(scene).deliveryToken));
  } finally {
    client.close();
  }
}

function reasonOf(result: delivery.SubmitCommitResponse['result']): string {
  return result?.$case === 'rejected' ? result.value.detail : String(result?.$case);
}
