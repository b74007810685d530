/**
 * `mls-ts`, OpenMLS as WebAssembly, as the benchmark sees it: suite 3 alone, and no changes but additions, one by one.
 *
 * Used are its `raw` exports, since its facade over them has to be told the group's id at a join. The state is in memory
 * and saved as a snapshot of everything. What it makes as two things travels as one here: the proposal of an addition
 * before the commit that refers to it. The ratchet tree travels beside the Welcome: it has no setting for that.
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
  type TreeBeside,
} from './peer.ts';

/** Gives the library, from its module. */
export function createMlsTs({ raw }: MlsTsModule, version: string): Peer {
  return {
    name: 'mls-ts',
    version,
    suites: [3],
    treeOfWelcome: 'beside',
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

  constructor(own: Own) {
    this.#own = own;
  }

  async createKeyPackage(): Promise<Uint8Array> {
    const keyPackage = this.#own.identity.key_package(this.#own.provider);
    return withHeader(WireFormat.keyPackage, keyPackage.to_bytes());
  }

  async createGroup(groupId: Uint8Array): Promise<PeerMember> {
    const { bindings, provider, identity } = this.#own;
    // Its ids are text.
    const group = bindings.Group.create_new(provider, identity, Buffer.from(groupId).toString('hex'));
    return new MlsTsMember(this.#own, group);
  }

  async join(welcome: Uint8Array, ratchetTree: TreeBeside): Promise<PeerMember> {
    const { bindings, provider } = this.#own;
    if (ratchetTree === undefined) throw new Error('a ratchet tree beside the Welcome expected');
    const tree = bindings.RatchetTree.from_bytes(ratchetTree);
    return new MlsTsMember(this.#own, bindings.Group.join(provider, welcome, tree));
  }

  joinExternally(): ReturnType<PeerClient['joinExternally']> {
    return Promise.reject(new NotOffered('the bindings offer no external join'));
  }
}

/** What a member is read from. */
interface Snapshot {
  readonly groupId: Uint8Array;
  readonly provider: Uint8Array;
  readonly identity: Uint8Array;
}

class MlsTsMember implements PeerMember {
  readonly #own: Own;
  readonly #group: Group;
  /** Asked for at the first save. */
  #groupId: Uint8Array | undefined;
  #snapshot: Snapshot | undefined;

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
    const data = this.#group.process_message(this.#own.provider, first);
    if (second.length > 0) this.#group.process_message(this.#own.provider, second);
    return data.length > 0 ? data : undefined;
  }

  proposeAdd(): Promise<Uint8Array> {
    return Promise.reject(new NotOffered('the bindings offer no proposal without its commit'));
  }

  async protect(data: Uint8Array): Promise<Uint8Array> {
    return this.#group.create_message(this.#own.provider, this.#own.identity, data);
  }

  async ratchetTree(): Promise<Uint8Array> {
    return this.#group.export_ratchet_tree().to_bytes();
  }

  groupInfo(): Promise<Uint8Array> {
    return Promise.reject(new NotOffered('the bindings offer no GroupInfo'));
  }

  async save(): Promise<number> {
    const groupId = (this.#groupId ??= this.#askGroupId());
    const provider = this.#own.provider.serialize();
    const identity = this.#own.identity.serialize();
    this.#snapshot = { groupId, provider, identity };
    return provider.length + identity.length;
  }

  async load(): Promise<PeerMember> {
    if (this.#snapshot === undefined) throw new Error('nothing was saved');
    const { groupId } = this.#snapshot;
    if (!isUtf8(groupId)) throw new NotOffered('the bindings load a group only by an id that is text');
    const { bindings, name } = this.#own;
    const provider = bindings.Provider.from_bytes(this.#snapshot.provider);
    const identity = bindings.Identity.from_bytes(name, this.#snapshot.identity);
    const group = bindings.Group.load(provider, Buffer.from(groupId).toString('utf8'));
    return new MlsTsMember({ bindings, name, provider, identity }, group);
  }

  /** There is no access to the authenticator: the exporter's secret (RFC 9420 §8.5) that core-crypto gives serves instead. */
  async epochAuthenticator(): Promise<Uint8Array> {
    return this.#group.export_key(this.#own.provider, 'exporter', new Uint8Array(0), 32);
  }

  /** The bindings do not tell the id, but every message names it; the one that is made for that is not sent. */
  #askGroupId(): Uint8Array {
    const { provider, identity } = this.#own;
    const bytes = this.#group.create_message(provider, identity, new Uint8Array(0));
    const message = MLSMessage.read(new Reader(bytes));
    if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
    return message.privateMessage.groupId;
  }

  #add(keyPackage: Uint8Array): PeerCommit {
    const { bindings, provider, identity } = this.#own;
    const { proposal, commit, welcome } = this.#group.propose_and_commit_add(
      provider,
      identity,
      bindings.KeyPackage.from_bytes(keyPackage),
    );
    this.#group.merge_pending_commit(provider);
    return { commit: Buffer.concat([proposal, commit]), welcome };
  }
}

/** Gives views of one message and of what stands behind it. */
function splitAfterMessage(bytes: Uint8Array): readonly [message: Uint8Array, rest: Uint8Array] {
  const reader = new Reader(bytes);
  MLSMessage.read(reader);
  return [bytes.subarray(0, reader.offset), bytes.subarray(reader.offset)];
}
