/**
 * One run: clients race while faults are inflicted, then all is settled and the history is checked.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Choices } from '../choices.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { createGroup } from '../parties/create-group.ts';
import { enrolDevice, type Device } from '../parties/device.ts';
import { closeStubs, openStubs } from '../parties/stubs.ts';
import { checkHistory } from './check-history.ts';
import type { History, HistoryEvent } from './event.ts';
import type { Fault } from './faults.ts';
import { Follower } from './follower.ts';
import { Intruder } from './intruder.ts';
import { Member } from './member.ts';
import { Recorder } from './recorder.ts';
import { eventually, settle } from './settle.ts';
import { StockKeeper } from './stock-keeper.ts';
import type { Violation } from './violation.ts';
import type { Actor, World } from './world.ts';

/** How a run goes. */
export interface RunOptions {
  readonly seed: number;
  /** How many clients of each kind there are. */
  readonly clients: number;
  readonly groups: number;
  /** Each comes once, in any order; from then on each as often as its weight says. */
  readonly faults: readonly Fault[];
  /** How many events there have to be between two faults. */
  readonly eventsBetweenFaults: number;
  /** Says, between two steps, whether it is enough. */
  readonly isOver: (progress: Progress) => boolean;
  readonly deadlineMs?: number;
}

/** How far a run is. */
export interface Progress {
  readonly events: number;
  /** Appends that were answered "accepted". */
  readonly accepted: number;
  readonly faults: number;
}

/** What came of a run. */
export interface Verdict {
  readonly history: History;
  readonly violations: readonly Violation[];
  /** How often each fault was inflicted. */
  readonly faults: ReadonlyMap<string, number>;
}

const DEADLINE_MS = 3_000;
const MEANWHILE_MS = 5;
/** A client that is not answered does not try again at once. */
const REST_MS = 60;

/** Runs clients against a deployment. @throws Error when it does not get well again */
export async function runHistory(deployment: Deployment, options: RunOptions): Promise<Verdict> {
  const choices = new Choices(options.seed);
  const world = await createWorld(deployment, options);
  const members = world.devices.map((device) => new Member(world, device));
  const stockKeepers = world.devices.map((device) => new StockKeeper(world, device));
  const followers = world.devices.map((device) => new Follower(world, device));
  const intruders = world.devices.slice(0, 1).map((device) => new Intruder(world, device));
  const actors = [...members, ...stockKeepers, ...followers, ...intruders];
  try {
    const faults = await race(world, actors, options, choices);
    const stuck = await followToEnd(world, { members, followers }, choices);
    await Promise.all(followers.map((follower) => follower.close()));
    const history = await settle(world, { members, stockKeepers }, choices);
    const violations = [...checkHistory(history), ...stuck.map(toViolation)];
    return { history, violations, faults };
  } finally {
    await Promise.all(actors.map((actor) => actor.close()));
    closeStubs(world.stubs);
  }
}

async function createWorld(
  deployment: Deployment,
  { clients, groups, deadlineMs }: RunOptions,
): Promise<World> {
  const stubs = openStubs(deployment);
  const devices: Device[] = [];
  for (let number = 0; number < clients; number += 1) {
    devices.push(await enrolDevice(stubs, deployment.adminSecret, `client-${number}`));
  }
  const groupIds = Array.from({ length: groups }, () => new Uint8Array(randomBytes(16)));
  for (const groupId of groupIds) {
    for (const creator of devices.slice(0, 1)) await createGroup(stubs, creator, groupId);
  }
  return {
    deployment,
    stubs,
    devices,
    groupIds,
    recorder: new Recorder(),
    deadlineMs: deadlineMs ?? DEADLINE_MS,
  };
}

async function race(
  world: World,
  actors: readonly Actor[],
  options: RunOptions,
  choices: Choices,
): Promise<ReadonlyMap<string, number>> {
  const { recorder } = world;
  const counts = new Map<string, number>();
  let inflicted = 0;
  const isOver = (): boolean =>
    options.isOver({ events: recorder.events.length, accepted: recorder.accepted, faults: inflicted });
  const work = async (actor: Actor, own: Choices): Promise<void> => {
    while (!isOver()) {
      const before = recorder.unanswered(actor.name);
      await actor.act(own);
      await pause(recorder.unanswered(actor.name) > before ? REST_MS : MEANWHILE_MS);
    }
  };
  const harm = async (own: Choices): Promise<void> => {
    const first = own.shuffled(options.faults);
    for (let due = options.eventsBetweenFaults; !isOver() && options.faults.length > 0;) {
      await pause(MEANWHILE_MS);
      if (recorder.events.length < due) continue;
      const fault = first.pop() ?? own.weighted(options.faults.map((one) => [one.weight, one] as const));
      await inflict(world, fault, own);
      counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
      inflicted += 1;
      due = recorder.events.length + options.eventsBetweenFaults;
    }
  };
  await Promise.all([...actors.map((actor) => work(actor, choices.fork())), harm(choices.fork())]);
  return counts;
}

async function inflict(world: World, fault: Fault, choices: Choices): Promise<void> {
  const { recorder } = world;
  const start = recorder.now();
  await fault.inflict(world, choices);
  recorder.add('faults', start, { kind: 'fault', fault: fault.name });
}

interface Readers {
  readonly members: readonly Member[];
  readonly followers: readonly Follower[];
}

/** Streams come back by themselves and get to the end of every log; gives those that do not, and where they stand. */
async function followToEnd(
  world: World,
  { members, followers }: Readers,
  choices: Choices,
): Promise<readonly string[]> {
  const [reader] = members;
  if (reader === undefined) return [];
  for (const view of reader.views) {
    await eventually(world, `group ${view.name} can be read`, () => reader.readOn(view, choices));
  }
  const ends = new Map(reader.views.map(({ name, cursor }) => [name, cursor]));
  const isThere = (follower: Follower): boolean =>
    follower.views.every(({ name, cursor }) => cursor >= (ends.get(name) ?? 0n));
  try {
    await eventually(world, 'every stream comes to the end', async () => followers.every(isThere));
    return [];
  } catch {
    const due = [...ends.values()].join(', ');
    return followers
      .filter((follower) => !isThere(follower))
      .map(({ name, state }) => `${name} does not come to the ends, ${due}: ${state}`);
  }
}

function toViolation(detail: string): Violation {
  return { rule: 'stream-goes-on', detail, excerpt: [] };
}

/** Counts events of one kind by their outcome. */
export function countOutcomes(
  events: readonly HistoryEvent[],
  kind: HistoryEvent['kind'],
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== kind) continue;
    const name = 'outcome' in event ? event.outcome.outcome : 'done';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
