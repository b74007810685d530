import { expect } from '@jest/globals';

import { getCipherSuite, type CipherSuite } from '@canopy/crypto';

import type { CommitRequest } from '../src/commits/create-commit.ts';
import type { Credential } from '../src/credentials/credential.ts';
import type { IdentityProvider, IdentityVerdict, PresentedCredential } from '../src/credentials/identity.ts';
import type { Extension } from '../src/extensions/extension.ts';
import { decodeMessage, encodeMessage, type MLSMessage } from '../src/framing/message.ts';
import type { GroupRequest } from '../src/group/create-group.ts';
import { Group, type GroupOptions, type Received } from '../src/group/group.ts';
import { recordsOf } from '../src/group/records/record-changes.ts';
import type { StateRecord } from '../src/group/records/record.ts';
import type { StagedCommit } from '../src/group/staged-commit.ts';
import { decodeState, encodeState } from '../src/group/state-codec.ts';
import type { ClientIdentity } from '../src/key-packages/client-identity.ts';
import {
  createKeyPackage,
  supportedCapabilities,
  type OwnKeyPackage,
} from '../src/key-packages/create-key-package.ts';
import { defaultPolicy } from '../src/policy.ts';
import type { Proposal } from '../src/proposals/proposal.ts';
import { CredentialType, ProposalType, WireFormat } from '../src/registries.ts';
import { noPsks, type PskStore } from '../src/schedule/psk.ts';
import type { Capabilities } from '../src/tree/capabilities.ts';
import type { Lifetime } from '../src/tree/lifetime.ts';
import { treeHash } from '../src/tree/tree-hash.ts';
import { hex } from './suites.ts';

/** The time at which every story takes place, in seconds. */
export const NOW = 1_800_000_000n;
/** A lifetime around that time. */
export const lifetime: Lifetime = { notBefore: NOW - 60n, notAfter: NOW + 3600n };

export const suite1: CipherSuite = getCipherSuite(1);
export const empty: Uint8Array = new Uint8Array(0);
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** The text form of a basic credential's identity. */
export function nameIn({ credential }: Pick<PresentedCredential, 'credential'>): string {
  return credential.credentialType === CredentialType.basic ? text(credential.identity) : 'x509';
}

const yes: IdentityVerdict = { valid: true };

/** Believes everybody. */
export const acceptAll: IdentityProvider = {
  validateCredential: () => Promise.resolve(yes),
  validateSuccessor: () => Promise.resolve(yes),
};

/** Believes everybody but the given names; a successor has to have the same name. */
export function refusing(...names: readonly string[]): IdentityProvider {
  return {
    validateCredential: (presented) =>
      Promise.resolve(
        names.includes(nameIn(presented)) ? { valid: false, reason: `no ${nameIn(presented)} here` } : yes,
      ),
    validateSuccessor: (old, presented) =>
      Promise.resolve(nameIn(old) === nameIn(presented) ? yes : { valid: false, reason: 'another name' }),
  };
}

/** Has a pre-shared key for every id: the id backwards. */
export const reversedPsks: PskStore = {
  findExternalPsk: (id) => id.toReversed(),
  findResumptionPsk: () => undefined,
};

/** The ports of a member, all of them open. */
export const openDoors: GroupOptions = {
  policy: defaultPolicy,
  identities: acceptAll,
  psks: noPsks,
  now: () => NOW,
};

/** A client before it is a member. */
export interface Party {
  readonly name: string;
  readonly suite: CipherSuite;
  readonly identity: ClientIdentity;
  readonly options: GroupOptions;
}

/** What can be different about a client. */
export interface PartySettings {
  readonly suite?: CipherSuite;
  readonly credential?: Credential;
  readonly capabilities?: Partial<Capabilities>;
  readonly leafExtensions?: readonly Extension[];
  readonly options?: Partial<GroupOptions>;
}

/** Makes a client with a fresh signature key. */
export function party(name: string, settings: PartySettings = {}): Party {
  const suite = settings.suite ?? suite1;
  return {
    name,
    suite,
    identity: {
      credential: settings.credential ?? { credentialType: CredentialType.basic, identity: bytes(name) },
      signatureKeyPair: suite.signature.generateKeyPair(),
      capabilities: { ...supportedCapabilities([suite.id]), ...settings.capabilities },
      leafExtensions: settings.leafExtensions ?? [],
    },
    options: { ...openDoors, ...settings.options },
  };
}

/** Makes a KeyPackage of a client. */
export function keyPackageOf(
  { suite, identity }: Party,
  more: { readonly lifetime?: Lifetime; readonly grease?: boolean } = {},
): OwnKeyPackage {
  return createKeyPackage({ suite, identity, lifetime, grease: true, ...more });
}

/** A client that is a member. */
export interface Peer {
  readonly party: Party;
  readonly group: Group;
}

/** Makes a group of one. */
export async function found(founder: Party, request: Partial<GroupRequest> = {}): Promise<Peer> {
  const { suite, identity, options } = founder;
  const basis = { suite, groupId: suite.random(16), identity, lifetime, extensions: [], grease: true };
  return { party: founder, group: await Group.create({ ...basis, ...request }, options) };
}

/** Sends a message through its bytes, as a network does. */
export function overTheWire(message: MLSMessage): MLSMessage {
  return decodeMessage(encodeMessage(message));
}

/** Lets a member process a message that has come over the wire. */
export function receive({ group }: Peer, message: MLSMessage): Promise<Received> {
  return group.process(overTheWire(message));
}

/** Lets several members process a message that is no commit. */
export async function announce(message: MLSMessage, ...peers: readonly Peer[]): Promise<void> {
  for (const peer of peers) await receive(peer, message);
}

/** Lets a member stage somebody else's commit. */
export async function stage(peer: Peer, message: MLSMessage): Promise<StagedCommit> {
  const received = await receive(peer, message);
  if (received.kind !== 'commit') throw new Error(`a commit expected, found ${received.kind}`);
  return received.staged;
}

/** Lets a member process and keep somebody else's commit. */
export async function follow(peer: Peer, message: MLSMessage): Promise<StagedCommit> {
  const staged = await stage(peer, message);
  peer.group.keep(staged);
  return staged;
}

/** Encrypts a text. */
export function say({ group }: Peer, what: string): MLSMessage {
  return group.protect({ applicationData: bytes(what), authenticatedData: empty });
}

/** Gives the text that a member finds in a message. */
export async function hear(peer: Peer, message: MLSMessage): Promise<string> {
  const received = await receive(peer, message);
  if (received.kind !== 'application') throw new Error(`application data expected, found ${received.kind}`);
  return text(received.applicationData);
}

/** A client that is to be added, with the KeyPackage that it published. */
export interface Joiner {
  readonly party: Party;
  readonly keyPackage: OwnKeyPackage;
}

/** Makes somebody who can be added. */
export function joiner(who: Party): Joiner {
  return { party: who, keyPackage: keyPackageOf(who) };
}

/** The proposal that adds somebody. */
export function addOf({ keyPackage }: Joiner): Proposal {
  return { proposalType: ProposalType.add, keyPackage: keyPackage.keyPackage };
}

/** The proposal that removes a member. */
export function removeOf({ group }: Peer): Proposal {
  return { proposalType: ProposalType.remove, removed: group.state.ownLeafIndex };
}

/** Lets somebody join by a Welcome that has come over the wire. */
export async function join({ party: who, keyPackage }: Joiner, welcome: MLSMessage): Promise<Peer> {
  const arrived = overTheWire(welcome);
  if (arrived.wireFormat !== WireFormat.welcome) throw new Error('a Welcome expected');
  const input = { suite: who.suite, welcome: arrived.welcome, keyPackage, ratchetTree: undefined };
  return { party: who, group: await Group.join(input, who.options) };
}

/** Lets one member commit, all others follow, and the added ones join; gives the members of the new epoch. */
export async function commitBy(
  committer: Peer,
  all: readonly Peer[],
  request: Partial<CommitRequest> = {},
  joiners: readonly Joiner[] = [],
): Promise<Peer[]> {
  const proposals = [...(request.proposals ?? []), ...joiners.map(addOf)];
  const { message, welcome, staged } = await committer.group.commit({ ...request, proposals });
  const members: Peer[] = [];
  for (const peer of all) {
    if (peer === committer) peer.group.keep(staged);
    else await follow(peer, message);
    if (peer.group.state.status.kind !== 'removed') members.push(peer);
  }
  if (welcome === undefined) return members;
  const invitation: MLSMessage = { wireFormat: WireFormat.welcome, welcome };
  for (const newcomer of joiners) members.push(await join(newcomer, invitation));
  return members;
}

/** Makes a group of named members; the first one founds it and adds the others. */
export async function groupOf(
  names: readonly string[],
  settings: PartySettings = {},
  request: Partial<GroupRequest> = {},
): Promise<Peer[]> {
  const [first = 'alice', ...others] = names;
  const founder = await found(party(first, settings), request);
  if (others.length === 0) return [founder];
  const joiners = others.map((name) => joiner(party(name, settings)));
  return commitBy(founder, [founder], { forcePath: true }, joiners);
}

/** Makes the usual three. */
export async function trio(settings: PartySettings = {}): Promise<readonly [Peer, Peer, Peer]> {
  const [alice, bob, carol] = await groupOf(['alice', 'bob', 'carol'], settings);
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
  return [alice, bob, carol];
}

/** Requires that all members are in the same epoch with the same tree, and know nothing that they must not. */
export function expectAgreement(peers: readonly Peer[]): void {
  const [first] = peers;
  if (first === undefined) throw new Error('nobody is left');
  const authenticator = hex(first.group.epochAuthenticator);
  const rootHash = hex(first.group.state.groupContext.treeHash);
  for (const { group } of peers) {
    expect(hex(group.epochAuthenticator)).toBe(authenticator);
    expect(hex(group.state.groupContext.treeHash)).toBe(rootHash);
    expect(hex(treeHash(group.suite, group.state.tree.root))).toBe(rootHash);
  }
}

/** Requires that a message of each member is read by all others. */
export async function expectConversation(peers: readonly Peer[]): Promise<void> {
  for (const speaker of peers) {
    const message = say(speaker, `this is ${speaker.party.name}`);
    for (const listener of peers) {
      if (listener !== speaker) expect(await hear(listener, message)).toBe(`this is ${speaker.party.name}`);
    }
  }
}

/** Takes a copy of everything that a member stores. */
export function stored({ group }: Peer): Uint8Array {
  return encodeState(group.state);
}

/** What a member stores beside the keys of messages. */
export function storedWithoutRatchets({ group }: Peer): readonly StateRecord[] {
  return recordsOf(group.state).filter(({ key }) => !key.startsWith('secrets/'));
}

/** The stored state as text, to compare it. */
export function snapshot(peer: Peer): string {
  return hex(stored(peer));
}

/** A member that was stopped and started again: nothing but its stored state is left. */
export function restarted({ party: who, group }: Peer): Peer {
  return { party: who, group: new Group(decodeState(stored({ party: who, group })), who.options) };
}

/** Matches a refusal of this library with its code. */
export function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'MlsError', code });
}

/** Numbers that look random and are the same in every run (a linear congruential generator, for choices only). */
export function choices(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
