/**
 * A simulated group with everything around it: clients, a service, a network that loses and repeats.
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import {
  Group,
  type GroupOptions,
  type IdentityProvider,
  type KeyPackage,
  type MLSMessage,
  encodeMessage,
  type PskStore,
} from '@canopy/mls';
import { Choices } from '../choices.ts';
import type { Counts } from '../counts.ts';
import { check } from '../finding.ts';
import { seededSuite } from '../seeded-suite.ts';
import { Client, nameIn, NOW } from './client.ts';
import { Device } from './device.ts';
import { newModel } from './device-model.ts';
import type { CommitOutcome, Envelope } from './envelope.ts';
import { checkRecord, recordOf } from './epoch-record.ts';
import { firstExtensions, type ExternalParty } from './group-extensions.ts';
import { Service, type SubmittedCommit } from './service.ts';
import { choosePolicy, chooseSettings, type Settings, type WorldOptions } from './settings.ts';

/** A client that was added and has not entered yet. */
export interface Arrival {
  readonly client: Client;
  readonly epoch: bigint;
  readonly welcome: NonNullable<CommitOutcome['welcome']>;
  readonly needsResumptionPsk: boolean;
  readonly queue: Envelope[];
}

/** What somebody who is out still has. */
export interface Ghost {
  readonly name: string;
  /** Its whole state of the last epoch that it had a part in. */
  readonly stored: Uint8Array;
  /** The first epoch that it has no part in. */
  readonly outSince: bigint;
}

const LOG_LENGTH = 40;
const RECENT = 40;
const MOST_GHOSTS = 4;

/** A simulated group with everything around it. */
export class World {
  readonly choices: Choices;
  readonly settings: Settings;
  readonly suite: CipherSuite;
  readonly counts: Counts;
  readonly clients = new Map<string, Client>();
  /** External PSKs by id; all members have them. */
  readonly psks: Map<string, Uint8Array>;
  readonly externals: readonly ExternalParty[];
  readonly service: Service;
  /** Messages of the last time, for those who come late or should not read them. */
  readonly recent: Envelope[] = [];
  /** The proposals, by envelope, that mix in a key which only members have. */
  readonly resumptionProposals = new Set<number>();
  devices: Device[] = [];
  arrivals: Arrival[] = [];
  ghosts: Ghost[] = [];
  step = 0;
  #log: string[] = [];
  #envelopes = 0;

  private constructor(
    parts: Pick<World, 'choices' | 'settings' | 'suite' | 'counts' | 'psks' | 'externals' | 'service'>,
  ) {
    this.choices = parts.choices;
    this.settings = parts.settings;
    this.suite = parts.suite;
    this.counts = parts.counts;
    this.psks = parts.psks;
    this.externals = parts.externals;
    this.service = parts.service;
  }

  /** Makes a world with a group of one. */
  static async create(seed: number, options: WorldOptions, counts: Counts): Promise<World> {
    const choices = new Choices(seed);
    const settings = chooseSettings(choices, options);
    const suite = seededSuite(settings.suite, seed);
    const { extensions, externals } = firstExtensions(choices, suite);
    const founder = new Client(suite, 'm0');
    const psks = new Map<string, Uint8Array>();
    const groupOptions = optionsWith(choosePolicy(choices, settings), psks);
    const lifetime = { notBefore: NOW - 60n, notAfter: NOW + 3600n };
    const { identity } = founder;
    const groupId = suite.random(16);
    const group = await Group.create(
      { suite, groupId, identity, lifetime, extensions, grease: true },
      groupOptions,
    );
    const service = new Service(recordOf(group));
    const world = new World({ choices, settings, suite, counts, psks, externals, service });
    world.clients.set(founder.name, founder);
    world.enter(founder, group, groupOptions);
    return world;
  }

  /** Gives the client of a name; a new one when nobody has the name. */
  client(name: string): Client {
    const client = this.clients.get(name) ?? new Client(this.suite, name);
    this.clients.set(name, client);
    return client;
  }

  /** Gives the ports of a member. */
  newOptions(): GroupOptions {
    return optionsWith(choosePolicy(this.choices, this.settings), this.psks);
  }

  /** Notes what happens. */
  note(text: string): void {
    this.#log.push(`step ${this.step}: ${text}`);
    if (this.#log.length > LOG_LENGTH) this.#log.shift();
  }

  /** What has happened lately. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** The members who can act. */
  get active(): Device[] {
    return this.devices.filter(({ model }) => model.status === 'active');
  }

  /** Those who stand in the tree, but have no state: a Welcome did not work, a device was lost. */
  get zombies(): string[] {
    const alive = new Set([
      ...this.devices.map(({ name }) => name),
      ...this.arrivals.map(({ client }) => client.name),
    ]);
    return [...this.service.roster].filter((name) => !alive.has(name));
  }

  /** Whether there is a member, or somebody on the way, of this name. */
  isPresent(name: string): boolean {
    return (
      this.devices.some((device) => device.name === name) ||
      this.arrivals.some(({ client }) => client.name === name)
    );
  }

  /** Lets somebody in whose group has just begun. */
  enter(client: Client, group: Group, options: GroupOptions, queue: readonly Envelope[] = []): Device {
    checkRecord(group, this.service.record(group.epoch), client.name);
    const device = new Device(
      { client, suite: this.suite, options, usesInbox: this.choices.chance(40) },
      group,
      newModel(group.epoch),
    );
    device.queue.push(...queue);
    this.devices.push(device);
    return device;
  }

  /** Puts a message into an envelope. */
  seal(message: MLSMessage, about: Omit<Envelope, 'id' | 'bytes'>): Envelope {
    const envelope = { id: (this.#envelopes += 1), bytes: encodeMessage(message), ...about };
    this.counts.add(`message ${about.kind}`);
    return envelope;
  }

  /** Sends a message to everybody; the sender hears its own commits, other messages of its own seldom. */
  broadcast(envelope: Envelope): void {
    this.recent.push(envelope);
    if (this.recent.length > RECENT) this.recent.shift();
    for (const { queue } of this.arrivals) queue.push(envelope);
    for (const device of this.devices) {
      const isOwn = device.name === envelope.from && envelope.leaf !== undefined;
      if (isOwn && envelope.kind !== 'commit' && !this.choices.chance(10)) continue;
      (this.choices.chance(this.settings.loss) ? device.lost : device.queue).push(envelope);
    }
  }

  /** Lets the service decide about a commit. */
  order(commit: SubmittedCommit): void {
    const before = this.service.roster;
    const { envelope, outcome, record } = commit;
    const fate = this.service.order(commit);
    this.note(`the service has ${fate} #${envelope.id} for epoch ${envelope.epoch}`);
    this.counts.add(`commit ${fate}`);
    if (fate !== 'taken') return;
    checkRoster(before, outcome, record.names);
    for (const name of outcome.added) this.#invite(name, commit);
    this.broadcast(envelope);
    commit.onTaken();
  }

  /** Keeps what somebody has who is out. */
  haunt(ghost: Ghost): void {
    this.ghosts.push(ghost);
    if (this.ghosts.length > MOST_GHOSTS) this.ghosts.shift();
  }

  /** Forgets the leaf keys of somebody who comes back with a KeyPackage that was used before. */
  exorcise(name: string): void {
    this.ghosts = this.ghosts.filter((ghost) => ghost.name !== name);
  }

  #invite(name: string, { outcome, record }: SubmittedCommit): void {
    const { welcome, needsResumptionPsk } = outcome;
    check(welcome !== undefined, `no Welcome for ${name}, who was added`);
    if (welcome === undefined) return;
    const client = this.client(name);
    this.arrivals.push({ client, epoch: record.epoch, welcome, needsResumptionPsk, queue: [] });
  }
}

const text = (names: ReadonlySet<string>): string => [...names].toSorted().join(' ');

function checkRoster(before: ReadonlySet<string>, outcome: CommitOutcome, found: ReadonlySet<string>): void {
  const { added, removed, joined } = outcome;
  const expected = new Set(before);
  for (const name of removed) expected.delete(name);
  for (const name of joined === undefined ? added : [...added, joined]) expected.add(name);
  check(text(expected) === text(found), `members: ${text(expected)} expected, found ${text(found)}`);
}

const yes = Promise.resolve({ valid: true } as const);

/** Believes everybody; a successor has to have the same name. */
const identities: IdentityProvider = {
  validateCredential: () => yes,
  validateSuccessor: (old, presented) =>
    nameIn(old.credential) === nameIn(presented.credential)
      ? yes
      : Promise.resolve({ valid: false, reason: 'another name' }),
};

function optionsWith(policy: GroupOptions['policy'], psks: ReadonlyMap<string, Uint8Array>): GroupOptions {
  const store: PskStore = {
    findExternalPsk: (pskId) => psks.get(new TextDecoder().decode(pskId)),
    findResumptionPsk: () => undefined,
  };
  return { policy, identities, psks: store, now: () => NOW };
}

/** Gives the name that a KeyPackage is of. */
export function ownerOf({ leafNode }: KeyPackage): string {
  return nameIn(leafNode.credential);
}
