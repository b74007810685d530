/**
 * What the benchmark uses of `@wireapp/core-crypto/native`, in its own words: the package need not be installed to
 * compile Canopy. Objects of the library are handles to the native side and mean nothing here.
 *
 * @module
 */

/** A handle with bytes of its own. */
export interface Serializable {
  serialize(): Uint8Array;
}

declare const opaqueHandle: unique symbol;

/** A handle that is only passed back; each kind has a name. */
export interface Handle<Kind extends string> {
  readonly [opaqueHandle]: Kind;
}

/** A client's identity in the library's form: `<user id>:<device id>@<domain>`. */
export type ClientId = Handle<'ClientId'>;
/** A group's id. */
export type ConversationId = Handle<'ConversationId'>;
/** A stored credential. */
export type CredentialRef = Handle<'CredentialRef'>;

/** What a commit leaves with. */
export interface CommitBundle {
  readonly commit: Uint8Array;
  readonly welcome?: Serializable;
  readonly groupInfo: { readonly payload: Uint8Array };
}

/** How the library sends; the promise is the server's word that a commit was accepted. */
export interface MlsTransport {
  sendCommitBundle(bundle: CommitBundle): Promise<void>;
  prepareForTransport(): Promise<Uint8Array>;
}

/** What a received message was. Only that of an application message is looked into. */
export type DecryptedMessage =
  | { readonly tag: 'Text'; readonly inner: { readonly plaintext: Uint8Array } }
  | { readonly tag: 'Commit' | 'Proposal' };

/** The operations of a transaction. */
export interface Context {
  mlsInit(client: ClientId, transport: MlsTransport): Promise<void>;
  addCredential(credential: Handle<'Credential'>): Promise<CredentialRef>;
  generateKeyPackage(credential: CredentialRef): Promise<Serializable>;
  createConversation(group: ConversationId, credential: CredentialRef): Promise<void>;
  processWelcomeMessage(welcome: Handle<'Welcome'>): Promise<ConversationId>;
  joinByExternalCommit(groupInfo: Handle<'GroupInfo'>, credential: CredentialRef): Promise<ConversationId>;
  updateKeyingMaterial(group: ConversationId): Promise<void>;
  addClientsToConversation(group: ConversationId, keyPackages: Handle<'KeyPackage'>[]): Promise<void>;
  removeClientsFromConversation(group: ConversationId, clients: ClientId[]): Promise<void>;
  getClientIds(group: ConversationId): Promise<ClientId[]>;
  encryptMessage(group: ConversationId, data: Uint8Array): Promise<Uint8Array>;
  decryptMessage(group: ConversationId, message: Uint8Array): Promise<DecryptedMessage>;
  exportSecretKey(group: ConversationId, length: number): Promise<{ copyBytes(): Uint8Array }>;
}

/** A client with its database. */
export interface Core {
  /** Everything that the callback did is stored at its end. */
  transaction<T>(callback: (context: Context) => Promise<T>): Promise<T>;
}

/** The module. */
export interface CoreCryptoModule {
  readonly Database: { inMemory(): Promise<Handle<'Database'>> };
  readonly CoreCrypto: { 'new'(database: Handle<'Database'>): Core };
  readonly Credential: { basic(suite: number, client: ClientId): Handle<'Credential'> };
  readonly Uuid: new (uuid: string) => Handle<'Uuid'>;
  readonly DeviceId: new (id: bigint) => Handle<'DeviceId'>;
  readonly ClientId: new (user: Handle<'Uuid'>, device: Handle<'DeviceId'>, domain: string) => ClientId;
  readonly ConversationId: new (bytes: Uint8Array) => ConversationId;
  readonly KeyPackage: new (bytes: Uint8Array) => Handle<'KeyPackage'>;
  readonly Welcome: new (message: Uint8Array) => Handle<'Welcome'>;
  readonly GroupInfo: new (bytes: Uint8Array) => Handle<'GroupInfo'>;
}
