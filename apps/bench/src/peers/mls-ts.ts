/**
 * `mls-ts`, OpenMLS as WebAssembly, as the benchmark sees it: suite 3 alone, and no changes but additions, one by one.
 *
 * Used are its `raw` exports, since its facade over them has to be told the group's id at a join. The state is in memory
 * and saved as a snapshot of everything. What it makes as two things travels as one here: the proposal of an addition
 * before the commit that refers to it, the ratchet tree behind the Welcome that lacks it.
 *
 * @module
 */

import { isUtf8 } from 'node:buffer';
import { Reader } from '@canopy/codec';
import { MLSMessage, WireFormat } from '@canopy/mls';
import { withHeader, withoutHeader } from './message-header.ts';
import type { Bindings, Group, Identity, MlsTsModule, Provider } from './mls-ts-bindings.ts';
import {
  NotOffered,
  type Changes,
  type Peer,
  type PeerClient,
  type PeerCommit,
  type PeerMember,
} from './peer.ts';

/** Gives the library, from its module. */
export function createMlsTs({ raw }: MlsTsModule, version: string): Peer {
  return {
    name: 'mls-ts',
    version,
    suites: [3],
    memory: 'outside',
    createClient: (_suite, name) => {
      const provider = new raw.Provider();
      const identity = new raw.Identity(provider, name);
      return Promise.resolve(new MlsTsClient({ bindings: raw, name, provider, identity }));
    },
  };
}

/** A client: all that the bindings are handed with each call. */
interface Own {
  readonly bindings: Bindings;
  readonly name: string;
  readonly provider: Provider;
  readonly identity: Identity;
}

class MlsTsClient implements PeerClient {
  readonly #own: Own;
  /** For Welcomes that bring their tree: the bindings demand one, and look at it only when there is none inside. */
  readonly #anyTree: Uint8Array;

  constructor(own: Own) {
    this.#own = own;
    const { bindings, provider, identity } = own;
    this.#anyTree = bindings.Group.create_new(provider, identity, '').export_ratchet_tree().to_bytes();
  }

  createKeyPackage(): Promise<Uint8Array> {
    const keyPackage = this.#own.identity.key_package(this.#own.provider);
    return Promise.resolve(withHeader(WireFormat.keyPackage, keyPackage.to_bytes()));
  }

  createGroup(groupId: Uint8Array): Promise<PeerMember> {
    const { bindings, provider, identity } = this.#own;
    // Its ids are text.
    const group = bindings.Group.create_new(provider, identity, Buffer.from(groupId).toString('hex'));
    return Promise.resolve(new MlsTsMember(this.#own, group));
  }

  join(message: Uint8Array): Promise<PeerMember> {
    const { bindings, provider } = this.#own;
    const [welcome, tree] = splitAfterMessage(message);
    const ratchetTree = bindings.RatchetTree.from_bytes(tree.length > 0 ? tree : this.#anyTree);
    return Promise.resolve(new MlsTsMember(this.#own, bindings.Group.join(provider, welcome, ratchetTree)));
  }

  joinExternally(): ReturnType<PeerClient['joinExternally']> {
    return Promise.reject(new NotOffered('the bindings offer no external join'));
  }
}

class MlsTsMember implements PeerMember {
  readonly #own: Own;
  readonly #group: Group;
  /** Names the group, as every message does: the bindings do not tell. */
  #lastMessage: Uint8Array | undefined;
  #snapshot: { readonly provider: Uint8Array; readonly identity: Uint8Array } | undefined;

  constructor(own: Own, group: Group) {
    this.#own = own;
    this.#group = group;
  }

  async commit({ add = [], remove = [] }: Changes): Promise<PeerCommit> {
    const [keyPackage, ...more] = add;
    if (remove.length > 0) throw new NotOffered('the bindings offer no removal');
    if (keyPackage === undefined) throw new NotOffered('the bindings offer no commit without an addition');
    if (more.length > 0) throw new NotOffered('the bindings add one member at a time');
    return this.#add(withoutHeader(WireFormat.keyPackage, keyPackage));
  }

  async process(message: Uint8Array): Promise<Uint8Array | undefined> {
    const [first, second] = splitAfterMessage(message);
    this.#lastMessage = first;
    const data = this.#group.process_message(this.#own.provider, first);
    if (second.length > 0) this.#group.process_message(this.#own.provider, second);
    return data.length > 0 ? data : undefined;
  }

  proposeAdd(): Promise<Uint8Array> {
    return Promise.reject(new NotOffered('the bindings offer no proposal without its commit'));
  }

  protect(data: Uint8Array): Promise<Uint8Array> {
    const message = this.#group.create_message(this.#own.provider, this.#own.identity, data);
    this.#lastMessage = message;
    return Promise.resolve(message);
  }

  groupInfo(): Promise<Uint8Array> {
    return Promise.reject(new NotOffered('the bindings offer no GroupInfo'));
  }

  save(): Promise<number> {
    const provider = this.#own.provider.serialize();
    const identity = this.#own.identity.serialize();
    this.#snapshot = { provider, identity };
    return Promise.resolve(provider.length + identity.length);
  }

  async load(): Promise<PeerMember> {
    if (this.#snapshot === undefined || this.#lastMessage === undefined) {
      throw new Error('nothing was saved, or no message has told the id of the group');
    }
    const { bindings, name } = this.#own;
    const provider = bindings.Provider.from_bytes(this.#snapshot.provider);
    const identity = bindings.Identity.from_bytes(name, this.#snapshot.identity);
    const group = bindings.Group.load(provider, groupIdOf(this.#lastMessage));
    return new MlsTsMember({ bindings, name, provider, identity }, group);
  }

  /** There is no access to the authenticator: the exporter's secret (RFC 9420 §8.5) that core-crypto gives serves instead. */
  epochAuthenticator(): Promise<Uint8Array> {
    return Promise.resolve(this.#group.export_key(this.#own.provider, 'exporter', new Uint8Array(0), 32));
  }

  #add(keyPackage: Uint8Array): PeerCommit {
    const { bindings, provider, identity } = this.#own;
    const { proposal, commit, welcome } = this.#group.propose_and_commit_add(
      provider,
      identity,
      bindings.KeyPackage.from_bytes(keyPackage),
    );
    this.#group.merge_pending_commit(provider);
    this.#lastMessage = commit;
    const tree = this.#group.export_ratchet_tree().to_bytes();
    return { commit: Buffer.concat([proposal, commit]), welcome: Buffer.concat([welcome, tree]) };
  }
}

/** Gives views of one message and of what stands behind it. */
function splitAfterMessage(bytes: Uint8Array): readonly [message: Uint8Array, rest: Uint8Array] {
  const reader = new Reader(bytes);
  MLSMessage.read(reader);
  return [bytes.subarray(0, reader.offset), bytes.subarray(reader.offset)];
}

/** Gives the id of the group that a message is for, as text. @throws NotOffered when it is none */
function groupIdOf(bytes: Uint8Array): string {
  const message = MLSMessage.read(new Reader(bytes));
  if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
  const { groupId } = message.privateMessage;
  if (!isUtf8(groupId)) throw new NotOffered('the bindings load a group only by an id that is text');
  return Buffer.from(groupId).toString('utf8');
}
