/**
 * Members of groups who show certificates, or attestations, and judge each other by them.
 *
 * @module
 */
import { getCipherSuite, type CipherSuite } from '@canopy/crypto';
import {
  createKeyPackage,
  decodeMessage,
  defaultPolicy,
  encodeMessage,
  encodeState,
  Group,
  noPsks,
  ProposalType,
  supportedCapabilities,
  WireFormat,
  type ClientIdentity,
  type CommitRequest,
  type GroupOptions,
  type IdentityProvider,
  type MLSMessage,
  type OwnKeyPackage,
  type Proposal,
} from '@canopy/mls';
import { expect } from '@jest/globals';
import { ATTESTATION_EXTENSION_TYPE, x509Credential } from '../../src/index.ts';
import { NOW, type CertificateRequest } from './authority.ts';
import { device, issuing, judge, KEY_OF_SUITE } from './judging.ts';

const empty = new Uint8Array();
const HOUR = 3_600n;

/** The time of a story, which may go on. */
export interface Time {
  now: bigint;
}

/** A client before it is a member. */
export interface Client {
  readonly suite: CipherSuite;
  readonly identity: ClientIdentity;
  readonly options: GroupOptions;
}

/** A client that is a member. */
export interface Member extends Client {
  readonly group: Group;
}

/** The URI of a device of somebody. */
export function deviceNamed(name: string): string {
  return `mimi://example.com/d/${name}/a1b2c3d4`;
}

/** Makes an identity with a new certificate and its key. */
export function certified(
  suite: CipherSuite,
  name: string,
  request: CertificateRequest = {},
): ClientIdentity {
  const who = device(issuing, { uris: [deviceNamed(name)], ...request }, KEY_OF_SUITE[suite.id]);
  return {
    credential: x509Credential([who.der, issuing.der]),
    signatureKeyPair: who.pair,
    capabilities: supportedCapabilities([suite.id], { extensions: [ATTESTATION_EXTENSION_TYPE] }),
    leafExtensions: [],
  };
}

/** What can be different about a client. */
export interface ClientSettings {
  readonly suite?: CipherSuite;
  readonly time?: Time;
  readonly by?: IdentityProvider;
}

/** Makes a client; without a judge of its own it goes by the usual root. */
export function client(identity: ClientIdentity, settings: ClientSettings = {}): Client {
  const { suite = getCipherSuite(1), time = { now: NOW } } = settings;
  const now = () => time.now;
  const identities = settings.by ?? judge({ now });
  const policy = { ...defaultPolicy, checkLifetimeOnReceive: false };
  return { suite, identity, options: { policy, identities, psks: noPsks, now } };
}

/** Believes everybody: the judge of those who deceive others. */
export const credulous: IdentityProvider = {
  validateCredential: () => Promise.resolve({ valid: true }),
  validateSuccessor: () => Promise.resolve({ valid: true }),
};

/** The same member, who believes everything from now on and so sends what it should not. */
export function corrupt(member: Member): Member {
  const options = { ...member.options, identities: credulous };
  return { ...member, options, group: new Group(member.group.state, options) };
}

const lifetimeAt = (now: bigint) => ({ notBefore: now - HOUR, notAfter: now + 24n * HOUR });

/** Makes a group of one. */
export async function found(founder: Client): Promise<Member> {
  const { suite, identity, options } = founder;
  const basis = { suite, groupId: suite.random(16), identity, lifetime: lifetimeAt(options.now()) };
  return { ...founder, group: await Group.create({ ...basis, extensions: [], grease: false }, options) };
}

/** Makes a KeyPackage. */
export function keyPackageOf({ suite, identity, options }: Client): OwnKeyPackage {
  return createKeyPackage({ suite, identity, lifetime: lifetimeAt(options.now()), grease: false });
}

/** The proposal that adds somebody. */
export function addOf({ keyPackage }: OwnKeyPackage): Proposal {
  return { proposalType: ProposalType.add, keyPackage };
}

/** Lets a member receive a message that has come over the wire. */
export function receive({ group }: Member, message: MLSMessage): ReturnType<Group['process']> {
  return group.process(decodeMessage(encodeMessage(message)));
}

/** Lets a member process and keep a commit of somebody else. */
export async function follow(member: Member, message: MLSMessage): Promise<void> {
  const received = await receive(member, message);
  if (received.kind !== 'commit') throw new Error('a commit expected');
  member.group.keep(received.staged);
}

/** Lets one member commit and all others follow. */
export async function commit(
  by: Member,
  others: readonly Member[],
  request: Partial<CommitRequest> = {},
): Promise<void> {
  const { message, staged } = await by.group.commit(request);
  for (const other of others) await follow(other, message);
  by.group.keep(staged);
}

/** Lets a member add somebody, who joins; the others follow. */
export async function add(by: Member, others: readonly Member[], newcomer: Client): Promise<Member> {
  const keyPackage = keyPackageOf(newcomer);
  const { message, welcome, staged } = await by.group.commit({ proposals: [addOf(keyPackage)] });
  for (const other of others) await follow(other, message);
  by.group.keep(staged);
  if (welcome === undefined) throw new Error('a Welcome expected');
  const { suite, options } = newcomer;
  const group = await Group.join({ suite, welcome, keyPackage, ratchetTree: undefined }, options);
  return { ...newcomer, group };
}

/** Makes a group of clients; the first one adds the others. */
export async function groupOf(founder: Client, ...others: readonly Client[]): Promise<Member[]> {
  const members = [await found(founder)];
  for (const other of others) {
    const [first, ...rest] = members;
    if (first !== undefined) members.push(await add(first, rest, other));
  }
  return members;
}

/** Encrypts a text. */
export function say({ group }: Member, what: string): MLSMessage {
  return group.protect({ applicationData: new TextEncoder().encode(what), authenticatedData: empty });
}

/** Requires that a member reads this text in a message. */
export async function expectHears(member: Member, message: MLSMessage, what: string): Promise<void> {
  const received = await receive(member, message);
  if (received.kind !== 'application') throw new Error('application data expected');
  expect(new TextDecoder().decode(received.applicationData)).toBe(what);
}

/** Requires that all are in one epoch and that each one reads what each other one says. */
export async function expectConversation(members: readonly Member[]): Promise<void> {
  for (const speaker of members) {
    const message = say(speaker, 'hello');
    for (const listener of members) {
      expect(listener.group.epochAuthenticator).toEqual(speaker.group.epochAuthenticator);
      if (listener !== speaker) await expectHears(listener, message, 'hello');
    }
  }
}

/** Everything that a member stores, to compare it. */
export function snapshot({ group }: Member): string {
  return Buffer.from(encodeState(group.state)).toString('hex');
}

/** Matches a refusal: the code, the requirement, and the word of the judge. */
export function refusal(code: string, requirement: string, reason: string): unknown {
  return expect.objectContaining({ code, requirement, message: expect.stringContaining(reason) });
}

/** Requires that a member refuses a message and is the same as before. */
export async function expectRefused(member: Member, message: MLSMessage, expected: unknown): Promise<void> {
  const before = snapshot(member);
  await expect(receive(member, message)).rejects.toEqual(expected);
  expect(snapshot(member)).toBe(before);
}

/** How proposals travel in these stories. */
export const inPublic = { wireFormat: WireFormat.publicMessage, authenticatedData: empty } as const;
