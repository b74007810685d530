/**
 * Canopy, as the benchmark sees it: class Group, and a store that is a map of records.
 *
 * @module
 */

import { fileURLToPath } from 'node:url';

import { decode, encode } from '@canopy/codec';
import { CipherSuiteId, getCipherSuite, type BackEndName, type CipherSuite } from '@canopy/crypto';
import {
  decodeMessage,
  encodeMessage,
  Group,
  nodesOfTree,
  ProposalType,
  RatchetTreeNodes,
  toLeafIndex,
  treeFromNodes,
  WireFormat,
  type ClientIdentity,
  type CommitRequest,
  type KeyPackage,
  type OwnKeyPackage,
  type Proposal,
} from '@canopy/mls';
import { versionOn } from '../libraries.ts';
import { createIdentity, createPlainKeyPackage, currentLifetime, groupOptions } from '../stage/identities.ts';
import { readVersion } from './load.ts';
import type { Changes, Peer, PeerClient, PeerCommit, PeerMember, TreeBeside } from './peer.ts';

const nothing = new Uint8Array(0);

const version = readVersion(fileURLToPath(new URL('../../package.json', import.meta.url)));

/** Gives Canopy on a back end, with the suites that this one computes. @throws CryptoError MISSING_BACK_END */
export function createCanopy(backEnd: BackEndName): Peer {
  const suiteOf = (suite: number): CipherSuite => getCipherSuite(suite, { backEnd });
  return {
    name: 'canopy',
    version: versionOn(version, backEnd),
    suites: Object.values(CipherSuiteId).filter((suite) => suiteOf(suite).backEnd === backEnd),
    treeOfWelcome: 'beside',
    memory: 'heap',
    createClient: (suite, identity) => Promise.resolve(new CanopyClient(suiteOf(suite), identity)),
  };
}

class CanopyClient implements PeerClient {
  readonly #suite: CipherSuite;
  readonly #identity: ClientIdentity;
  #keyPackage: OwnKeyPackage | undefined;

  constructor(suite: CipherSuite, name: string) {
    this.#suite = suite;
    this.#identity = createIdentity(suite, name);
  }

  createKeyPackage(): Promise<Uint8Array> {
    const own = createPlainKeyPackage(this.#suite, this.#identity);
    this.#keyPackage = own;
    return Promise.resolve(encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage: own.keyPackage }));
  }

  async createGroup(groupId: Uint8Array): Promise<PeerMember> {
    const group = await Group.create(
      {
        suite: this.#suite,
        groupId,
        identity: this.#identity,
        lifetime: currentLifetime(),
        extensions: [],
        grease: false,
      },
      groupOptions,
    );
    return new CanopyMember(group);
  }

  async join(welcome: Uint8Array, ratchetTree: TreeBeside): Promise<PeerMember> {
    const message = decodeMessage(welcome);
    if (message.wireFormat !== WireFormat.welcome) throw new Error('a Welcome expected');
    if (this.#keyPackage === undefined) throw new Error('a KeyPackage is needed first');
    const group = await Group.join(
      {
        suite: this.#suite,
        welcome: message.welcome,
        keyPackage: this.#keyPackage,
        ratchetTree: ratchetTree && treeFromNodes(decode(RatchetTreeNodes, ratchetTree)),
      },
      groupOptions,
    );
    return new CanopyMember(group);
  }

  async joinExternally(groupInfo: Uint8Array): ReturnType<PeerClient['joinExternally']> {
    const received = decodeMessage(groupInfo);
    if (received.wireFormat !== WireFormat.groupInfo) throw new Error('a GroupInfo expected');
    const { group, message } = await Group.joinExternally(
      {
        suite: this.#suite,
        groupInfo: received.groupInfo,
        ratchetTree: undefined,
        identity: this.#identity,
        resync: undefined,
        psks: [],
        authenticatedData: nothing,
      },
      groupOptions,
    );
    return { member: new CanopyMember(group), commit: encodeMessage(message) };
  }
}

class CanopyMember implements PeerMember {
  readonly #group: Group;
  readonly #store: Map<string, Uint8Array>;

  constructor(group: Group, store = new Map<string, Uint8Array>()) {
    this.#group = group;
    this.#store = store;
  }

  async commit(changes: Changes): Promise<PeerCommit> {
    const { message, welcome, staged } = await this.#group.commit(requestFor(changes));
    this.#group.keep(staged);
    return {
      commit: encodeMessage(message),
      welcome: welcome && encodeMessage({ wireFormat: WireFormat.welcome, welcome }),
    };
  }

  async process(message: Uint8Array): Promise<Uint8Array | undefined> {
    const received = await this.#group.process(decodeMessage(message));
    if (received.kind === 'application') return received.applicationData;
    if (received.kind === 'commit') this.#group.keep(received.staged);
    return undefined;
  }

  async proposeAdd(keyPackage: Uint8Array): Promise<Uint8Array> {
    const proposal: Proposal = { proposalType: ProposalType.add, keyPackage: readKeyPackage(keyPackage) };
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: nothing };
    return encodeMessage(await this.#group.propose(proposal, framing));
  }

  protect(applicationData: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(
      encodeMessage(this.#group.protect({ applicationData, authenticatedData: nothing })),
    );
  }

  ratchetTree(): Promise<Uint8Array> {
    return Promise.resolve(encode(RatchetTreeNodes, nodesOfTree(this.#group.state.tree)));
  }

  groupInfo(): Promise<Uint8Array> {
    const groupInfo = this.#group.groupInfo({ ratchetTree: true, externalPub: true, grease: false });
    return Promise.resolve(encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo }));
  }

  save(): Promise<number> {
    let bytes = 0;
    for (const { key, value } of this.#group.takeChanges()) {
      if (value === undefined) {
        this.#store.delete(key);
      } else {
        this.#store.set(key, value);
        bytes += value.length;
      }
    }
    return Promise.resolve(bytes);
  }

  // Reading computes nothing with keys, so that it is the same on each back end.
  load(): Promise<PeerMember> {
    const records = Array.from(this.#store, ([key, value]) => ({ key, value }));
    return Promise.resolve(new CanopyMember(Group.restore(records, groupOptions), this.#store));
  }

  epochAuthenticator(): Promise<Uint8Array> {
    return Promise.resolve(this.#group.epochAuthenticator);
  }
}

function requestFor({ add = [], remove = [] }: Changes): Partial<CommitRequest> {
  const additions = add.map((bytes): Proposal => ({
    proposalType: ProposalType.add,
    keyPackage: readKeyPackage(bytes),
  }));
  const removals = remove.map((removed): Proposal => ({
    proposalType: ProposalType.remove,
    removed: toLeafIndex(removed),
  }));
  return {
    proposals: [...removals, ...additions],
    welcomeInfo: { ratchetTree: false, externalPub: false, grease: false },
  };
}

function readKeyPackage(bytes: Uint8Array): KeyPackage {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.keyPackage) throw new Error('a KeyPackage expected');
  return message.keyPackage;
}
