/**
 * ts-mls: the newest stable version and the newest pre-release, each with its default provider (WebCrypto).
 *
 * @module
 */

import { loadPeer, loadPeerFile } from './load.ts';
import type { Changes, Peer, PeerClient, PeerCommit, PeerMember, TreeBeside } from './peer.ts';
import {
  createSignatureKeys,
  present,
  type Dialect,
  type OwnPackage,
  type SignatureKeys,
  type TsMlsState,
} from './ts-mls-dialect.ts';
import { openNextSuite, type NextModule, type NextTrees } from './ts-mls-next.ts';
import { openStableSuite } from './ts-mls-stable.ts';
import type { StableModule, StableTrees } from './ts-mls-stable-bindings.ts';

const suites = [1, 2, 3];

/** It takes a tree beside a Welcome, but its entry does not export how one is encoded. */
const TREES = 'dist/src/ratchetTree.js';

/** Loads the newest stable ts-mls. */
export async function loadTsMlsStable(): Promise<Peer> {
  const { module, version } = await loadPeer<StableModule>('ts-mls-stable');
  const trees = await loadPeerFile<StableTrees>('ts-mls-stable', TREES);
  return tsMls(version, (suite) => openStableSuite({ ...module, ...trees }, suite));
}

/** Loads the newest pre-release of ts-mls. */
export async function loadTsMlsNext(): Promise<Peer> {
  const { module, version } = await loadPeer<NextModule>('ts-mls-next');
  const trees = await loadPeerFile<NextTrees>('ts-mls-next', TREES);
  return tsMls(version, (suite) => openNextSuite({ ...module, ...trees }, suite));
}

function tsMls<State extends TsMlsState, Public, Private>(
  version: string,
  open: (suite: number) => Promise<Dialect<State, Public, Private>>,
): Peer {
  const opened = new Map<number, Promise<Dialect<State, Public, Private>>>();
  return {
    name: 'ts-mls',
    version,
    suites,
    treeOfWelcome: 'beside',
    memory: 'heap',
    async createClient(suite, identity) {
      const opening = opened.get(suite) ?? open(suite);
      opened.set(suite, opening);
      const dialect = await opening;
      const keys = await createSignatureKeys(dialect.suite);
      return new TsMlsClient(dialect, new TextEncoder().encode(identity), keys);
    },
  };
}

class TsMlsClient<State extends TsMlsState, Public, Private> implements PeerClient {
  readonly #dialect: Dialect<State, Public, Private>;
  readonly #identity: Uint8Array;
  readonly #keys: SignatureKeys;
  #own: OwnPackage<Public, Private> | undefined;

  constructor(dialect: Dialect<State, Public, Private>, identity: Uint8Array, keys: SignatureKeys) {
    this.#dialect = dialect;
    this.#identity = identity;
    this.#keys = keys;
  }

  async createKeyPackage(): Promise<Uint8Array> {
    this.#own = await this.#createPackage();
    return this.#own.encoded;
  }

  async createGroup(groupId: Uint8Array): Promise<PeerMember> {
    const state = await this.#dialect.createGroup(groupId, await this.#createPackage());
    return new TsMlsMember(this.#dialect, state);
  }

  async join(welcome: Uint8Array, ratchetTree: TreeBeside): Promise<PeerMember> {
    const own = present(this.#own, 'KeyPackage before');
    return new TsMlsMember(this.#dialect, await this.#dialect.join(welcome, ratchetTree, own));
  }

  async joinExternally(groupInfo: Uint8Array): ReturnType<PeerClient['joinExternally']> {
    const own = await this.#createPackage();
    const { state, commit } = await this.#dialect.joinExternally(groupInfo, own);
    return { member: new TsMlsMember(this.#dialect, state), commit };
  }

  #createPackage(): Promise<OwnPackage<Public, Private>> {
    return this.#dialect.createKeyPackage(this.#identity, this.#keys);
  }
}

class TsMlsMember<State extends TsMlsState, Public, Private> implements PeerMember {
  readonly #dialect: Dialect<State, Public, Private>;
  #state: State;
  #saved: Uint8Array | undefined;

  constructor(dialect: Dialect<State, Public, Private>, state: State) {
    this.#dialect = dialect;
    this.#state = state;
  }

  async commit(changes: Changes): Promise<PeerCommit> {
    const { state, commit, welcome } = await this.#dialect.commit(this.#state, changes);
    this.#state = state;
    return { commit, welcome };
  }

  async process(message: Uint8Array): Promise<Uint8Array | undefined> {
    const { state, data } = await this.#dialect.process(this.#state, message);
    this.#state = state;
    return data;
  }

  async proposeAdd(keyPackage: Uint8Array): Promise<Uint8Array> {
    const { state, message } = await this.#dialect.proposeAdd(this.#state, keyPackage);
    this.#state = state;
    return message;
  }

  async protect(data: Uint8Array): Promise<Uint8Array> {
    const { state, message } = await this.#dialect.protect(this.#state, data);
    this.#state = state;
    return message;
  }

  ratchetTree(): Promise<Uint8Array> {
    return Promise.resolve(this.#dialect.ratchetTree(this.#state));
  }

  groupInfo(): Promise<Uint8Array> {
    return this.#dialect.groupInfo(this.#state);
  }

  save(): Promise<number> {
    this.#saved = this.#dialect.encodeState(this.#state);
    return Promise.resolve(this.#saved.length);
  }

  load(): Promise<PeerMember> {
    const state = this.#dialect.decodeState(present(this.#saved, 'saved state'));
    return Promise.resolve(new TsMlsMember(this.#dialect, state));
  }

  epochAuthenticator(): Promise<Uint8Array> {
    return Promise.resolve(this.#state.keySchedule.epochAuthenticator);
  }
}
