import { randomBytes } from 'node:crypto';

import { callUnary, type mlsClient } from '@canopy/contract';
import { expect } from '@jest/globals';

type Client = mlsClient.MLSClientClient;

/** Somebody in a script, played by one of the servers. */
export interface Actor {
  readonly name: string;
  readonly client: Client;
  stateId: number;
  transactionId: number;
}

/** What a script decides about a commit. */
export interface Committing {
  readonly byReference?: readonly Uint8Array[];
  readonly byValue?: readonly mlsClient.ProposalDescription[];
  readonly members?: readonly Actor[];
  readonly joiners?: readonly Actor[];
  readonly forcePath?: boolean;
  readonly externalTree?: boolean;
}

const nothing = new Uint8Array(0);
const ascii = (text: string): Uint8Array => Buffer.from(text, 'ascii');
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/** An external PSK as the runner makes them. */
export const randomPsk = (): mlsClient.PreSharedKey => ({
  pskId: randomBytes(32),
  pskSecret: randomBytes(32),
});

/** Describes a proposal by value. */
export function describeProposal(
  type: string,
  more: Partial<mlsClient.ProposalDescription> = {},
): mlsClient.ProposalDescription {
  return {
    proposalType: ascii(type),
    keyPackage: nothing,
    removedId: nothing,
    pskId: nothing,
    epochId: 0n,
    extensions: [],
    groupId: nothing,
    cipherSuite: 0,
    ...more,
  };
}

/**
 * Where a script is played: what the members send to each other goes over gRPC from server to server, and after each
 * commit the epoch authenticators of everybody are compared.
 */
export class Stage {
  readonly cipherSuite: number;
  readonly encryptHandshake: boolean;
  readonly #clients: readonly Client[];
  readonly #actors = new Map<string, Actor>();

  constructor(clients: readonly Client[], cipherSuite: number, encryptHandshake: boolean) {
    this.#clients = clients;
    this.cipherSuite = cipherSuite;
    this.encryptHandshake = encryptHandshake;
  }

  /** Gives somebody; the servers take turns. */
  actor(name: string): Actor {
    const known = this.#actors.get(name);
    if (known !== undefined) return known;
    const client = this.#clients[this.#actors.size % this.#clients.length];
    if (client === undefined) throw new Error('a server expected');
    const actor = { name, client, stateId: 0, transactionId: 0 };
    this.#actors.set(name, actor);
    return actor;
  }

  /** The five of most scripts. */
  get five(): readonly [Actor, Actor, Actor, Actor, Actor] {
    const [alice, bob, carol] = [this.actor('alice'), this.actor('bob'), this.actor('carol')];
    return [alice, bob, carol, this.actor('dave'), this.actor('erin')];
  }

  async createGroup(actor: Actor, groupId: Uint8Array = randomBytes(16)): Promise<void> {
    const { cipherSuite, encryptHandshake } = this;
    const identity = utf8(actor.name);
    const request = { groupId, cipherSuite, encryptHandshake, identity };
    actor.stateId = (await callUnary(actor.client, 'createGroup', request)).stateId;
  }

  async keyPackage(actor: Actor, cipherSuite = this.cipherSuite): Promise<Uint8Array> {
    const request = { cipherSuite, identity: utf8(actor.name) };
    const made = await callUnary(actor.client, 'createKeyPackage', request);
    expect([made.initPriv.length, made.encryptionPriv.length, made.signaturePriv.length]).not.toContain(0);
    actor.transactionId = made.transactionId;
    return made.keyPackage;
  }

  /** Lets somebody propose to add somebody. */
  async add(by: Actor, who: Actor): Promise<Uint8Array> {
    const request = { stateId: by.stateId, keyPackage: await this.keyPackage(who) };
    return (await callUnary(by.client, 'addProposal', request)).proposal;
  }

  async update(by: Actor): Promise<Uint8Array> {
    return (await callUnary(by.client, 'updateProposal', { stateId: by.stateId })).proposal;
  }

  async remove(by: Actor, who: Actor): Promise<Uint8Array> {
    const request = { stateId: by.stateId, removedId: utf8(who.name) };
    return (await callUnary(by.client, 'removeProposal', request)).proposal;
  }

  async proposeExternalPsk(by: Actor, pskId: Uint8Array): Promise<Uint8Array> {
    const request = { stateId: by.stateId, pskId };
    return (await callUnary(by.client, 'externalPskProposal', request)).proposal;
  }

  async proposeResumptionPsk(by: Actor, epochId: bigint): Promise<Uint8Array> {
    const request = { stateId: by.stateId, epochId };
    return (await callUnary(by.client, 'resumptionPskProposal', request)).proposal;
  }

  async proposeExtensions(by: Actor, extensions: mlsClient.Extension[]): Promise<Uint8Array> {
    const request = { stateId: by.stateId, extensions };
    return (await callUnary(by.client, 'groupContextExtensionsProposal', request)).proposal;
  }

  async proposeReInit(
    by: Actor,
    next: Omit<mlsClient.ReInitProposalRequest, 'stateId'>,
  ): Promise<Uint8Array> {
    const request = { stateId: by.stateId, ...next };
    return (await callUnary(by.client, 'reInitProposal', request)).proposal;
  }

  /** Gives a PSK to members, or to those who wait for their Welcome. */
  async storePsk(
    psk: mlsClient.PreSharedKey,
    members: readonly Actor[],
    waiting: readonly Actor[] = [],
  ): Promise<void> {
    const ids = [
      ...members.map((actor) => [actor, actor.stateId] as const),
      ...waiting.map((actor) => [actor, actor.transactionId] as const),
    ];
    for (const [{ client }, stateOrTransactionId] of ids) {
      await callUnary(client, 'storePsk', { stateOrTransactionId, ...psk });
    }
  }

  /** Lets somebody commit, the others follow and the added ones join; all have to agree. */
  async commit(committer: Actor, what: Committing = {}): Promise<void> {
    const { byReference = [], byValue = [], members = [], joiners = [] } = what;
    const { forcePath = false, externalTree = false } = what;
    const { client, stateId } = committer;
    const before = await this.authenticator(committer);
    const made = await callUnary(client, 'commit', {
      stateId,
      byReference: [...byReference],
      byValue: [...byValue],
      forcePath,
      externalTree,
    });
    expect(made.ratchetTree.length > 0).toBe(externalTree);
    expect(await this.authenticator(committer)).toBe(before);
    const kept = await callUnary(client, 'handlePendingCommit', { stateId });
    committer.stateId = kept.stateId;
    const expected = hex(kept.epochAuthenticator);
    expect(expected).not.toBe(before);
    for (const member of members) await this.#follow(member, byReference, made.commit, expected);
    for (const joiner of joiners) await this.#join(joiner, made, expected);
  }

  async #follow(
    member: Actor,
    proposal: readonly Uint8Array[],
    commit: Uint8Array,
    expected: string,
  ): Promise<void> {
    const { client, stateId } = member;
    const request = { stateId, proposal: [...proposal], commit };
    const followed = await callUnary(client, 'handleCommit', request);
    member.stateId = followed.stateId;
    expect(hex(followed.epochAuthenticator)).toBe(expected);
  }

  async #join(
    joiner: Actor,
    { welcome, ratchetTree }: Pick<mlsClient.CommitResponse, 'welcome' | 'ratchetTree'>,
    expected: string,
  ): Promise<void> {
    const { client, transactionId, name } = joiner;
    const { encryptHandshake } = this;
    const request = { transactionId, welcome, encryptHandshake, identity: utf8(name), ratchetTree };
    const joined = await callUnary(client, 'joinGroup', request);
    joiner.stateId = joined.stateId;
    expect(hex(joined.epochAuthenticator)).toBe(expected);
  }

  /** Lets somebody found a group and add the others with one commit. */
  async group(founder: Actor, ...others: readonly Actor[]): Promise<void> {
    await this.createGroup(founder);
    const byReference: Uint8Array[] = [];
    for (const other of others) byReference.push(await this.add(founder, other));
    if (others.length > 0) await this.commit(founder, { byReference, joiners: others, forcePath: true });
  }

  async protect(actor: Actor, plaintext: Uint8Array, authenticatedData: Uint8Array): Promise<Uint8Array> {
    const { client, stateId } = actor;
    const request = { stateId, authenticatedData, plaintext };
    return (await callUnary(client, 'protect', request)).ciphertext;
  }

  async unprotect(
    actor: Actor,
    ciphertext: Uint8Array,
    expected: readonly [Uint8Array, Uint8Array],
  ): Promise<void> {
    const { client, stateId } = actor;
    const found = await callUnary(client, 'unprotect', { stateId, ciphertext });
    expect([hex(found.plaintext), hex(found.authenticatedData)]).toEqual(expected.map(hex));
  }

  /** Lets everybody say something that all others read. */
  async converse(actors: readonly Actor[]): Promise<void> {
    for (const speaker of actors) {
      const [said, beside] = [randomBytes(40), randomBytes(7)];
      const ciphertext = await this.protect(speaker, said, beside);
      for (const listener of actors) {
        if (listener !== speaker) await this.unprotect(listener, ciphertext, [said, beside]);
      }
    }
  }

  async groupInfo(actor: Actor, externalTree = false): Promise<mlsClient.GroupInfoResponse> {
    const { client, stateId } = actor;
    const info = await callUnary(client, 'groupInfo', { stateId, externalTree });
    expect(info.ratchetTree.length > 0).toBe(externalTree);
    return info;
  }

  /** Lets somebody join by an external Commit that all members follow. */
  async joinExternally(
    joiner: Actor,
    members: readonly Actor[],
    how: {
      readonly psks?: readonly mlsClient.PreSharedKey[];
      readonly removePrior?: boolean;
      readonly externalTree?: boolean;
    } = {},
  ): Promise<void> {
    const [door] = members;
    if (door === undefined) throw new Error('a member expected');
    const { client, name } = joiner;
    const info = await this.groupInfo(door, how.externalTree);
    const joined = await callUnary(client, 'externalJoin', {
      ...info,
      encryptHandshake: this.encryptHandshake,
      identity: utf8(name),
      removePrior: how.removePrior ?? false,
      psks: [...(how.psks ?? [])],
    });
    joiner.stateId = joined.stateId;
    const expected = hex(joined.epochAuthenticator);
    for (const member of members) await this.#follow(member, [], joined.commit, expected);
  }

  async authenticator(actor: Actor): Promise<string> {
    const { client, stateId } = actor;
    return hex((await callUnary(client, 'stateAuth', { stateId })).stateAuthSecret);
  }

  async exported(actor: Actor): Promise<string> {
    const { client, stateId } = actor;
    const request = { stateId, label: 'interop', context: ascii('context'), keyLength: 42 };
    return hex((await callUnary(client, 'export', request)).exportedSecret);
  }

  /** Requires that all are in one epoch, and ends their states as the runner does. */
  async end(actors: readonly Actor[]): Promise<void> {
    const authenticators = await Promise.all(actors.map((actor) => this.authenticator(actor)));
    const exported = await Promise.all(actors.map((actor) => this.exported(actor)));
    expect(new Set(authenticators).size).toBe(1);
    expect(new Set(exported).size).toBe(1);
    for (const actor of actors) await this.free(actor);
  }

  async free({ client, stateId }: Actor): Promise<void> {
    await callUnary(client, 'free', { stateId });
  }
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
