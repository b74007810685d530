/**
 * `@wireapp/core-crypto`, OpenMLS as a native library, as the benchmark sees it.
 *
 * Each operation is one transaction, as its documentation asks for, and ends with the state stored in its database: that
 * is part of every time. The database is the one in memory, the fastest that it has; it leaves no files behind.
 * Handshakes are PublicMessages, and a Welcome has the ratchet tree inside: it has no setting for either, and refuses
 * others.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { WireFormat } from '@canopy/mls';
import type {
  ClientId,
  CommitBundle,
  Context,
  ConversationId,
  Core,
  CoreCryptoModule,
  CredentialRef,
} from './core-crypto-bindings.ts';
import { withHeader, withoutHeader } from './message-header.ts';
import {
  NotOffered,
  type Changes,
  type Peer,
  type PeerClient,
  type PeerCommit,
  type PeerMember,
} from './peer.ts';

/** Gives the library, from its module. */
export function createCoreCrypto(module: CoreCryptoModule, version: string): Peer {
  return {
    name: '@wireapp/core-crypto',
    version,
    suites: [1, 2, 3, 5, 7],
    treeOfWelcome: 'inside',
    memory: 'outside',
    createClient: (suite, identity) => CoreCryptoClient.create(module, suite, identity),
  };
}

/** The library with one client in it. */
class Session {
  readonly module: CoreCryptoModule;
  readonly #core: Core;
  #sent: CommitBundle | undefined;

  constructor(module: CoreCryptoModule, core: Core) {
    this.module = module;
    this.#core = core;
  }

  /** Makes the client known, with a transport that accepts all commits at once. */
  initialize(client: ClientId, suite: number): Promise<CredentialRef> {
    const transport = {
      sendCommitBundle: (bundle: CommitBundle): Promise<void> => {
        this.#sent = bundle;
        return Promise.resolve();
      },
      prepareForTransport: () => Promise.resolve(new Uint8Array(0)),
    };
    return this.run(async (context) => {
      await context.mlsInit(client, transport);
      return context.addCredential(this.module.Credential.basic(suite, client));
    });
  }

  /** Runs a transaction. */
  async run<T>(callback: (context: Context) => Promise<T>): Promise<T> {
    try {
      return await this.#core.transaction(callback);
    } catch (error) {
      throw new Error(reasonOf(error), { cause: error });
    }
  }

  /** Runs a transaction that sends a commit. */
  async send<T>(
    callback: (context: Context) => Promise<T>,
  ): Promise<{ readonly result: T; readonly bundle: CommitBundle }> {
    this.#sent = undefined;
    const result = await this.run(callback);
    if (this.#sent === undefined) throw new Error('no commit was sent');
    return { result, bundle: this.#sent };
  }
}

class CoreCryptoClient implements PeerClient {
  readonly #session: Session;
  readonly #credential: CredentialRef;

  private constructor(session: Session, credential: CredentialRef) {
    this.#session = session;
    this.#credential = credential;
  }

  static async create(module: CoreCryptoModule, suite: number, identity: string): Promise<CoreCryptoClient> {
    const core = module.CoreCrypto.new(await module.Database.inMemory());
    const session = new Session(module, core);
    const credential = await session.initialize(createClientId(module, identity), suite);
    return new CoreCryptoClient(session, credential);
  }

  async createKeyPackage(): Promise<Uint8Array> {
    const keyPackage = await this.#session.run((context) => context.generateKeyPackage(this.#credential));
    return withHeader(WireFormat.keyPackage, keyPackage.serialize());
  }

  async createGroup(groupId: Uint8Array): Promise<PeerMember> {
    const id = new this.#session.module.ConversationId(groupId);
    await this.#session.run((context) => context.createConversation(id, this.#credential));
    return new CoreCryptoMember(this.#session, id);
  }

  async join(message: Uint8Array): Promise<PeerMember> {
    const welcome = new this.#session.module.Welcome(message);
    const id = await this.#session.run((context) => context.processWelcomeMessage(welcome));
    return new CoreCryptoMember(this.#session, id);
  }

  async joinExternally(message: Uint8Array): ReturnType<PeerClient['joinExternally']> {
    const { GroupInfo } = this.#session.module;
    const groupInfo = new GroupInfo(withoutHeader(WireFormat.groupInfo, message));
    const { result, bundle } = await this.#session.send((context) =>
      context.joinByExternalCommit(groupInfo, this.#credential),
    );
    return { member: new CoreCryptoMember(this.#session, result), commit: bundle.commit };
  }
}

class CoreCryptoMember implements PeerMember {
  readonly #session: Session;
  readonly #id: ConversationId;
  /** Comes with each own commit, and from nowhere else. */
  #groupInfo: Uint8Array | undefined;

  constructor(session: Session, id: ConversationId) {
    this.#session = session;
    this.#id = id;
  }

  async commit(changes: Changes): Promise<PeerCommit> {
    if (changes.add !== undefined && changes.remove !== undefined) {
      throw new NotOffered('a commit either adds or removes');
    }
    const { bundle } = await this.#session.send((context) => this.#change(context, changes));
    this.#groupInfo = bundle.groupInfo.payload;
    return { commit: bundle.commit, welcome: bundle.welcome?.serialize() };
  }

  async process(message: Uint8Array): Promise<Uint8Array | undefined> {
    const received = await this.#session.run((context) => context.decryptMessage(this.#id, message));
    if (received.tag === 'Text') return received.inner.plaintext;
    if (received.tag === 'Commit') this.#groupInfo = undefined;
    return undefined;
  }

  proposeAdd(): Promise<Uint8Array> {
    return Promise.reject(new NotOffered('it makes commits, but no proposals'));
  }

  protect(data: Uint8Array): Promise<Uint8Array> {
    return this.#session.run((context) => context.encryptMessage(this.#id, data));
  }

  ratchetTree(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  groupInfo(): Promise<Uint8Array> {
    if (this.#groupInfo === undefined) {
      return Promise.reject(new NotOffered('it gives a GroupInfo only with a commit of its own'));
    }
    return Promise.resolve(this.#groupInfo);
  }

  save(): Promise<number> {
    return Promise.reject(new NotOffered('each operation saves in its database; its time includes that'));
  }

  load(): Promise<PeerMember> {
    return Promise.reject(new NotOffered('it reads what it needs from its database by itself'));
  }

  /**
   * There is no access to the authenticator: a secret of the exporter (RFC 9420 §8.5) serves instead. The library has
   * chosen the label `exporter` and an empty context for it.
   */
  async epochAuthenticator(): Promise<Uint8Array> {
    const secret = await this.#session.run((context) => context.exportSecretKey(this.#id, 32));
    return secret.copyBytes();
  }

  async #change(context: Context, { add = [], remove = [] }: Changes): Promise<void> {
    if (add.length > 0) return context.addClientsToConversation(this.#id, this.#readKeyPackages(add));
    if (remove.length > 0) {
      return context.removeClientsFromConversation(this.#id, await this.#findClients(context, remove));
    }
    return context.updateKeyingMaterial(this.#id);
  }

  #readKeyPackages(messages: readonly Uint8Array[]): Parameters<Context['addClientsToConversation']>[1] {
    const { KeyPackage } = this.#session.module;
    return messages.map((message) => new KeyPackage(withoutHeader(WireFormat.keyPackage, message)));
  }

  /** It removes by name. The members are listed from left to right: no leaf left of those meant may be blank. */
  async #findClients(context: Context, leafIndices: readonly number[]): Promise<ClientId[]> {
    const clients = await context.getClientIds(this.#id);
    return leafIndices.map((leafIndex) => {
      const client = clients[leafIndex];
      if (client === undefined) throw new Error(`leaf ${leafIndex} is not the place of a member`);
      return client;
    });
  }
}

/** Makes an id of the form that the library demands; the same name gives the same id. */
function createClientId({ ClientId: Id, DeviceId, Uuid }: CoreCryptoModule, name: string): ClientId {
  const hex = createHash('sha256').update(name).digest('hex');
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return new Id(new Uuid(uuid), new DeviceId(1n), 'canopy.example');
}

// The message of an error of the library is the name of its class alone; what happened is in its fields.
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const fields = JSON.stringify(error, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  return `${error.message} ${fields}`;
}
