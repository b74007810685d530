/**
 * A group of two without services: one member in a store, the other in memory.
 *
 * @module
 */
import {
  createKeyPackage,
  CredentialType,
  decodeMessage,
  defaultPolicy,
  encodeMessage,
  Group,
  noPsks,
  ProposalType,
  supportedCapabilities,
  type ClientIdentity,
  type GroupOptions,
  type MLSMessage,
} from '@canopy/mls';
import { getCipherSuite } from '@canopy/crypto';
import type { Store } from '../../src/store/store.ts';

const NOW = 1_800_000_000n;
const suite = getCipherSuite(1);

function believe(): Promise<{ readonly valid: true }> {
  return Promise.resolve({ valid: true });
}

/** Believes everybody. */
export const options: GroupOptions = {
  policy: defaultPolicy,
  identities: { validateCredential: believe, validateSuccessor: believe },
  psks: noPsks,
  now: () => NOW,
};

const lifetime = { notBefore: NOW - 60n, notAfter: NOW + 3600n };

function identityOf(name: string): ClientIdentity {
  return {
    credential: { credentialType: CredentialType.basic, identity: data(name) },
    signatureKeyPair: suite.signature.generateKeyPair(),
    capabilities: supportedCapabilities([suite.id]),
    leafExtensions: [],
  };
}

/** The id that stores know the group by. */
export const CONVERSATION = 'conversation';

/** Makes a group of two. */
export async function groupOfTwo(): Promise<{ readonly alice: Group; readonly bob: Group }> {
  const founder = { suite, groupId: suite.random(16), identity: identityOf('alice'), lifetime };
  const alice = await Group.create({ ...founder, extensions: [], grease: true }, options);
  const keyPackage = createKeyPackage({ suite, identity: identityOf('bob'), lifetime, grease: true });
  const add = { proposalType: ProposalType.add, keyPackage: keyPackage.keyPackage } as const;
  const { staged, welcome } = await alice.commit({ proposals: [add], forcePath: true });
  alice.keep(staged);
  if (welcome === undefined) throw new Error('a Welcome expected');
  return { alice, bob: await Group.join({ suite, welcome, keyPackage, ratchetTree: undefined }, options) };
}

/** Saves a group that is new to a store. */
export function begin(store: Store, group: Group): void {
  const place = { id: CONVERSATION, status: 'active', cursor: 0n, joinedEpoch: 0n } as const;
  store.transaction(() => store.conversations.create(place, group.takeChanges()));
}

/** Reads the group of a store. */
export function restore(store: Store): Group {
  return Group.restore(store.conversations.records(CONVERSATION), options);
}

/** Encrypts a text. */
export function say(group: Group, text: string): MLSMessage {
  return group.protect({ applicationData: data(text), authenticatedData: data('') });
}

/** Gives the text that a group finds in a message. */
export async function hear(group: Group, message: MLSMessage): Promise<string> {
  const received = await group.process(decodeMessage(encodeMessage(message)));
  if (received.kind !== 'application') throw new Error(`application data expected, found ${received.kind}`);
  return new TextDecoder().decode(received.applicationData);
}

/** Lets a group follow a commit. */
export async function follow(group: Group, message: MLSMessage): Promise<void> {
  const received = await group.process(decodeMessage(encodeMessage(message)));
  if (received.kind !== 'commit') throw new Error(`a commit expected, found ${received.kind}`);
  group.keep(received.staged);
}

/** A text as data. */
export function data(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes as text. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A message as it stands in a line of text. */
export function toLine(message: MLSMessage): string {
  return hex(encodeMessage(message));
}

/** A message out of a line of text. */
export function fromLine(line: string): MLSMessage {
  return decodeMessage(Uint8Array.from(Buffer.from(line, 'hex')));
}
