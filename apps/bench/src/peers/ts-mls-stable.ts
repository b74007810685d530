/**
 * How ts-mls 1 is called: names for numbers, arguments in a row.
 *
 * @module
 */

import type { Lifetime } from '@canopy/mls';
import { currentLifetime } from '../stage/identities.ts';
import type { Changes, TreeBeside } from './peer.ts';
import { noPadding, present } from './ts-mls-dialect.ts';
import type { Dialect, Opaque, OwnPackage, SignatureKeys, TsMlsState, TsMlsSuite } from './ts-mls-dialect.ts';

type Algorithms = Opaque<'Algorithms'>;
type Capabilities = Opaque<'Capabilities'>;
type GroupInfo = Opaque<'GroupInfo'>;
type KeyPackage = Opaque<'KeyPackage'>;
type PrivateKeys = Opaque<'PrivateKeyPackage'>;
type PrivateMessage = Opaque<'PrivateMessage'>;
type PskIndex = Opaque<'PskIndex'>;
type PublicMessage = Opaque<'PublicMessage'>;
type RatchetTree = Opaque<'RatchetTree'>;
type Welcome = Opaque<'Welcome'>;
type Suite = TsMlsSuite & Opaque<'Suite'>;
type GroupState = TsMlsState & Opaque<'GroupState'> & { readonly ratchetTree: RatchetTree };
type Own = OwnPackage<KeyPackage, PrivateKeys>;

interface Config {
  readonly keyRetentionConfig: Opaque<'KeyRetentionConfig'>;
  readonly lifetimeConfig: Opaque<'LifetimeConfig'>;
  readonly keyPackageEqualityConfig: Opaque<'KeyPackageEqualityConfig'>;
  readonly paddingConfig: typeof noPadding;
  readonly authService: Opaque<'AuthenticationService'>;
}
type State = GroupState & { readonly clientConfig: Config };

type Content =
  | { readonly wireformat: 'mls_private_message'; readonly privateMessage: PrivateMessage }
  | { readonly wireformat: 'mls_public_message'; readonly publicMessage: PublicMessage }
  | { readonly wireformat: 'mls_welcome'; readonly welcome: Welcome }
  | { readonly wireformat: 'mls_group_info'; readonly groupInfo: GroupInfo }
  | { readonly wireformat: 'mls_key_package'; readonly keyPackage: KeyPackage };
type Message = Content & { readonly version: 'mls10' };

type Proposal =
  | { readonly proposalType: 'add'; readonly add: { readonly keyPackage: KeyPackage } }
  | { readonly proposalType: 'remove'; readonly remove: { readonly removed: number } };

interface Made {
  readonly newState: State;
  readonly consumed: readonly Uint8Array[];
}
type Processed =
  | (Made & { readonly kind: 'newState' })
  | (Made & { readonly kind: 'applicationMessage'; readonly message: Uint8Array });

/** How trees travel. */
export interface StableTrees {
  readonly encodeRatchetTree: (tree: RatchetTree) => Uint8Array;
  readonly decodeRatchetTree: (
    bytes: Uint8Array,
    offset: number,
  ) => readonly [RatchetTree, number] | undefined;
}

/** What is used of the module. */
export interface StableModule {
  readonly ciphersuites: Readonly<Record<string, number>>;
  readonly emptyPskIndex: PskIndex;
  readonly defaultKeyRetentionConfig: Config['keyRetentionConfig'];
  readonly defaultLifetimeConfig: Config['lifetimeConfig'];
  readonly defaultKeyPackageEqualityConfig: Config['keyPackageEqualityConfig'];
  readonly defaultAuthenticationService: Config['authService'];
  readonly zeroOutUint8Array: (bytes: Uint8Array) => void;
  readonly getCiphersuiteFromName: (name: string) => Algorithms;
  readonly getCiphersuiteImpl: (algorithms: Algorithms) => Promise<Suite>;
  readonly defaultCapabilities: () => Capabilities;
  readonly encodeMlsMessage: (message: Message) => Uint8Array;
  readonly decodeMlsMessage: (bytes: Uint8Array, offset: number) => readonly [Message, number] | undefined;
  readonly encodeGroupState: (state: GroupState) => Uint8Array;
  readonly decodeGroupState: (bytes: Uint8Array, offset: number) => readonly [GroupState, number] | undefined;
  readonly generateKeyPackageWithKey: (
    ...args: readonly [
      credential: { readonly credentialType: 'basic'; readonly identity: Uint8Array },
      capabilities: Capabilities,
      lifetime: Lifetime,
      extensions: readonly never[],
      keys: SignatureKeys,
      suite: Suite,
    ]
  ) => Promise<Omit<Own, 'encoded'>>;
  readonly createGroup: (
    ...args: readonly [
      groupId: Uint8Array,
      keyPackage: KeyPackage,
      privateKeys: PrivateKeys,
      extensions: readonly never[],
      suite: Suite,
      config: Config,
    ]
  ) => Promise<State>;
  readonly joinGroup: (
    ...args: readonly [
      welcome: Welcome,
      keyPackage: KeyPackage,
      privateKeys: PrivateKeys,
      psks: PskIndex,
      suite: Suite,
      tree: RatchetTree | undefined,
      resumingFrom: undefined,
      config: Config,
    ]
  ) => Promise<State>;
  readonly joinGroupExternal: (
    ...args: readonly [
      groupInfo: GroupInfo,
      keyPackage: KeyPackage,
      privateKeys: PrivateKeys,
      resync: boolean,
      suite: Suite,
      tree: undefined,
      config: Config,
    ]
  ) => Promise<{ readonly publicMessage: PublicMessage; readonly newState: State }>;
  readonly createCommit: (
    context: { readonly state: State; readonly cipherSuite: Suite },
    options: { readonly extraProposals: readonly Proposal[]; readonly ratchetTreeExtension: boolean },
  ) => Promise<Made & { readonly commit: Message; readonly welcome: Welcome | undefined }>;
  readonly processPrivateMessage: (
    state: State,
    message: PrivateMessage,
    psks: PskIndex,
    suite: Suite,
  ) => Promise<Processed>;
  readonly processPublicMessage: (
    state: State,
    message: PublicMessage,
    psks: PskIndex,
    suite: Suite,
  ) => Promise<Made>;
  readonly createProposal: (
    state: State,
    publicMessage: boolean,
    proposal: Proposal,
    suite: Suite,
  ) => Promise<Made & { readonly message: Message }>;
  readonly createApplicationMessage: (
    state: State,
    data: Uint8Array,
    suite: Suite,
  ) => Promise<Made & { readonly privateMessage: PrivateMessage }>;
  readonly createGroupInfoWithExternalPubAndRatchetTree: (
    state: State,
    extensions: readonly never[],
    suite: Suite,
  ) => Promise<GroupInfo>;
}

/** Opens a cipher suite of ts-mls 1. */
export async function openStableSuite(
  ts: StableModule & StableTrees,
  suiteId: number,
): Promise<Dialect<State, KeyPackage, PrivateKeys>> {
  const name = Object.entries(ts.ciphersuites).find(([, id]) => id === suiteId)?.[0];
  const algorithms = ts.getCiphersuiteFromName(present(name, `suite ${suiteId}`));
  return new StableDialect(ts, await ts.getCiphersuiteImpl(algorithms));
}

class StableDialect implements Dialect<State, KeyPackage, PrivateKeys> {
  readonly suite: Suite;
  readonly #ts: StableModule & StableTrees;
  readonly #config: Config;

  constructor(ts: StableModule & StableTrees, suite: Suite) {
    this.#ts = ts;
    this.suite = suite;
    this.#config = {
      keyRetentionConfig: ts.defaultKeyRetentionConfig,
      lifetimeConfig: ts.defaultLifetimeConfig,
      keyPackageEqualityConfig: ts.defaultKeyPackageEqualityConfig,
      paddingConfig: noPadding,
      authService: ts.defaultAuthenticationService,
    };
  }

  async createKeyPackage(identity: Uint8Array, keys: SignatureKeys): Promise<Own> {
    const credential = { credentialType: 'basic', identity } as const;
    const capabilities = this.#ts.defaultCapabilities();
    const made = await this.#ts.generateKeyPackageWithKey(
      credential,
      capabilities,
      currentLifetime(),
      [],
      keys,
      this.suite,
    );
    return {
      ...made,
      encoded: this.#encode({ wireformat: 'mls_key_package', keyPackage: made.publicPackage }),
    };
  }

  createGroup(groupId: Uint8Array, { publicPackage, privatePackage }: Own): Promise<State> {
    return this.#ts.createGroup(groupId, publicPackage, privatePackage, [], this.suite, this.#config);
  }

  join(bytes: Uint8Array, tree: TreeBeside, { publicPackage, privatePackage }: Own): Promise<State> {
    const message = this.#decode(bytes);
    if (message.wireformat !== 'mls_welcome') throw new Error('a Welcome expected');
    const { emptyPskIndex } = this.#ts;
    return this.#ts.joinGroup(
      message.welcome,
      publicPackage,
      privatePackage,
      emptyPskIndex,
      this.suite,
      tree && present(this.#ts.decodeRatchetTree(tree, 0), 'tree')[0],
      undefined,
      this.#config,
    );
  }

  async joinExternally(
    bytes: Uint8Array,
    { publicPackage, privatePackage }: Own,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['joinExternally']> {
    const message = this.#decode(bytes);
    if (message.wireformat !== 'mls_group_info') throw new Error('a GroupInfo expected');
    const { publicMessage, newState: state } = await this.#ts.joinGroupExternal(
      message.groupInfo,
      publicPackage,
      privatePackage,
      false,
      this.suite,
      undefined,
      this.#config,
    );
    return { state, commit: this.#encode({ wireformat: 'mls_public_message', publicMessage }) };
  }

  async commit(
    state: State,
    { add = [], remove = [] }: Changes,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['commit']> {
    const removals = remove.map((removed): Proposal => ({ proposalType: 'remove', remove: { removed } }));
    const extraProposals = [...removals, ...add.map((bytes) => this.#addition(bytes))];
    const context = { state, cipherSuite: this.suite };
    const made = await this.#ts.createCommit(context, { extraProposals, ratchetTreeExtension: false });
    this.#wipe(made);
    return {
      state: made.newState,
      commit: this.#ts.encodeMlsMessage(made.commit),
      welcome: made.welcome && this.#encode({ wireformat: 'mls_welcome', welcome: made.welcome }),
    };
  }

  async process(
    state: State,
    bytes: Uint8Array,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['process']> {
    const message = this.#decode(bytes);
    const { emptyPskIndex } = this.#ts;
    if (message.wireformat === 'mls_public_message') {
      const made = await this.#ts.processPublicMessage(
        state,
        message.publicMessage,
        emptyPskIndex,
        this.suite,
      );
      this.#wipe(made);
      return { state: made.newState, data: undefined };
    }
    if (message.wireformat !== 'mls_private_message') throw new Error('a message of a group expected');
    const made = await this.#ts.processPrivateMessage(
      state,
      message.privateMessage,
      emptyPskIndex,
      this.suite,
    );
    this.#wipe(made);
    return { state: made.newState, data: made.kind === 'newState' ? undefined : made.message };
  }

  async proposeAdd(
    state: State,
    keyPackage: Uint8Array,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['proposeAdd']> {
    const made = await this.#ts.createProposal(state, false, this.#addition(keyPackage), this.suite);
    this.#wipe(made);
    return { state: made.newState, message: this.#ts.encodeMlsMessage(made.message) };
  }

  async protect(
    state: State,
    data: Uint8Array,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['protect']> {
    const made = await this.#ts.createApplicationMessage(state, data, this.suite);
    this.#wipe(made);
    const { privateMessage } = made;
    return {
      state: made.newState,
      message: this.#encode({ wireformat: 'mls_private_message', privateMessage }),
    };
  }

  ratchetTree({ ratchetTree }: State): Uint8Array {
    return this.#ts.encodeRatchetTree(ratchetTree);
  }

  async groupInfo(state: State): Promise<Uint8Array> {
    const groupInfo = await this.#ts.createGroupInfoWithExternalPubAndRatchetTree(state, [], this.suite);
    return this.#encode({ wireformat: 'mls_group_info', groupInfo });
  }

  encodeState(state: State): Uint8Array {
    return this.#ts.encodeGroupState(state);
  }

  decodeState(encoded: Uint8Array): State {
    const [state] = present(this.#ts.decodeGroupState(encoded, 0), 'state');
    return { ...state, clientConfig: this.#config };
  }

  #addition(bytes: Uint8Array): Proposal {
    const message = this.#decode(bytes);
    if (message.wireformat !== 'mls_key_package') throw new Error('a KeyPackage expected');
    return { proposalType: 'add', add: { keyPackage: message.keyPackage } };
  }

  #encode(content: Content): Uint8Array {
    return this.#ts.encodeMlsMessage({ version: 'mls10', ...content });
  }

  #decode(bytes: Uint8Array): Message {
    return present(this.#ts.decodeMlsMessage(bytes, 0), 'message')[0];
  }

  // As its documentation asks.
  #wipe({ consumed }: Made): void {
    for (const secret of consumed) this.#ts.zeroOutUint8Array(secret);
  }
}
