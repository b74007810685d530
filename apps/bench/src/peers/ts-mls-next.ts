/**
 * How ts-mls 2 is called: the numbers of the RFC, arguments in an object.
 *
 * @module
 */

import { ProposalType, ProtocolVersion, WireFormat, type Lifetime } from '@canopy/mls';
import { currentLifetime } from '../stage/identities.ts';
import type { Changes, TreeBeside } from './peer.ts';
import { noPadding, present } from './ts-mls-dialect.ts';
import type { Dialect, Opaque, OwnPackage, SignatureKeys, TsMlsState, TsMlsSuite } from './ts-mls-dialect.ts';

type Decoder<T> = Opaque<'Decoder'> & { readonly decodes?: T };
type Encoder<T> = Opaque<'Encoder'> & { readonly encodes?: T };
type GroupInfo = Opaque<'GroupInfo'>;
type KeyPackage = Opaque<'KeyPackage'>;
type PrivateKeys = Opaque<'PrivateKeyPackage'>;
type PublicMessage = Opaque<'PublicMessage'>;
type RatchetTree = Opaque<'RatchetTree'>;
type Welcome = Opaque<'Welcome'>;
type Suite = TsMlsSuite & Opaque<'Suite'>;
type State = TsMlsState & Opaque<'ClientState'> & { readonly ratchetTree: RatchetTree };
type Own = OwnPackage<KeyPackage, PrivateKeys>;

interface Context {
  readonly cipherSuite: Suite;
  readonly authService: Opaque<'AuthenticationService'>;
  readonly clientConfig: {
    readonly keyRetentionConfig: Opaque<'KeyRetentionConfig'>;
    readonly lifetimeConfig: Opaque<'LifetimeConfig'>;
    readonly keyPackageEqualityConfig: Opaque<'KeyPackageEqualityConfig'>;
    readonly paddingConfig: typeof noPadding;
  };
}

type FramedMessage =
  | {
      readonly wireformat: typeof WireFormat.privateMessage;
      readonly privateMessage: Opaque<'PrivateMessage'>;
    }
  | { readonly wireformat: typeof WireFormat.publicMessage; readonly publicMessage: PublicMessage };
type Content =
  | FramedMessage
  | { readonly wireformat: typeof WireFormat.welcome; readonly welcome: Welcome }
  | { readonly wireformat: typeof WireFormat.groupInfo; readonly groupInfo: GroupInfo }
  | { readonly wireformat: typeof WireFormat.keyPackage; readonly keyPackage: KeyPackage };
type Versioned<C> = C & { readonly version: typeof ProtocolVersion.mls10 };
type Message = Versioned<Content>;

type Proposal =
  | { readonly proposalType: typeof ProposalType.add; readonly add: { readonly keyPackage: KeyPackage } }
  | { readonly proposalType: typeof ProposalType.remove; readonly remove: { readonly removed: number } };

interface Made {
  readonly newState: State;
  readonly consumed: readonly Uint8Array[];
}
type Processed =
  | (Made & { readonly kind: 'newState' })
  | (Made & { readonly kind: 'applicationMessage'; readonly message: Uint8Array });

interface KeyPackageRequest {
  readonly credential: { readonly credentialType: number; readonly identity: Uint8Array };
  readonly lifetime: Lifetime;
  readonly signatureKeyPair: SignatureKeys;
  readonly cipherSuite: Suite;
}

interface Ownership {
  readonly context: Context;
  readonly keyPackage: KeyPackage;
}

interface Acting {
  readonly context: Context;
  readonly state: State;
}

/** How trees travel. */
export interface NextTrees {
  readonly ratchetTreeEncoder: Encoder<RatchetTree>;
  readonly ratchetTreeDecoder: Decoder<RatchetTree>;
}

/** What is used of the module. */
export interface NextModule {
  readonly ciphersuites: Readonly<Record<string, number>>;
  readonly defaultCredentialTypes: { readonly basic: number };
  readonly defaultKeyRetentionConfig: Context['clientConfig']['keyRetentionConfig'];
  readonly defaultLifetimeConfig: Context['clientConfig']['lifetimeConfig'];
  readonly defaultKeyPackageEqualityConfig: Context['clientConfig']['keyPackageEqualityConfig'];
  readonly unsafeTestingAuthenticationService: Context['authService'];
  readonly mlsMessageEncoder: Encoder<Message>;
  readonly mlsMessageDecoder: Decoder<Message>;
  readonly clientStateEncoder: Encoder<State>;
  readonly clientStateDecoder: Decoder<State>;
  readonly encode: <T>(encoder: Encoder<T>, value: T) => Uint8Array;
  readonly decode: <T>(decoder: Decoder<T>, bytes: Uint8Array) => T | undefined;
  readonly zeroOutUint8Array: (bytes: Uint8Array) => void;
  readonly getCiphersuiteImpl: (name: string) => Promise<Suite>;
  readonly generateKeyPackageWithKey: (request: KeyPackageRequest) => Promise<Omit<Own, 'encoded'>>;
  readonly createGroup: (
    request: Ownership & { readonly groupId: Uint8Array; readonly privateKeyPackage: PrivateKeys },
  ) => Promise<State>;
  readonly joinGroup: (
    request: Ownership & {
      readonly welcome: Welcome;
      readonly privateKeys: PrivateKeys;
      readonly ratchetTree?: RatchetTree;
    },
  ) => Promise<State>;
  readonly joinGroupExternal: (
    request: Ownership & {
      readonly groupInfo: GroupInfo;
      readonly privateKeys: PrivateKeys;
      readonly resync: boolean;
    },
  ) => Promise<{ readonly publicMessage: PublicMessage; readonly newState: State }>;
  readonly createCommit: (
    request: Acting & {
      readonly extraProposals: readonly Proposal[];
      readonly ratchetTreeExtension: boolean;
    },
  ) => Promise<
    Made & {
      readonly commit: Message;
      readonly welcome: (Message & { readonly wireformat: typeof WireFormat.welcome }) | undefined;
    }
  >;
  readonly processMessage: (
    request: Acting & { readonly message: Versioned<FramedMessage> },
  ) => Promise<Processed>;
  readonly createProposal: (
    request: Acting & { readonly proposal: Proposal },
  ) => Promise<Made & { readonly message: Message }>;
  readonly createApplicationMessage: (
    request: Acting & { readonly message: Uint8Array },
  ) => Promise<Made & { readonly message: Message }>;
  readonly createGroupInfoWithExternalPubAndRatchetTree: (
    state: State,
    extensions: readonly never[],
    suite: Suite,
  ) => Promise<GroupInfo>;
}

/** Opens a cipher suite of ts-mls 2. */
export async function openNextSuite(
  ts: NextModule & NextTrees,
  suiteId: number,
): Promise<Dialect<State, KeyPackage, PrivateKeys>> {
  const name = Object.entries(ts.ciphersuites).find(([, id]) => id === suiteId)?.[0];
  return new NextDialect(ts, await ts.getCiphersuiteImpl(present(name, `suite ${suiteId}`)));
}

class NextDialect implements Dialect<State, KeyPackage, PrivateKeys> {
  readonly suite: Suite;
  readonly #ts: NextModule & NextTrees;
  readonly #context: Context;

  constructor(ts: NextModule & NextTrees, suite: Suite) {
    this.#ts = ts;
    this.suite = suite;
    this.#context = {
      cipherSuite: suite,
      authService: ts.unsafeTestingAuthenticationService,
      clientConfig: {
        keyRetentionConfig: ts.defaultKeyRetentionConfig,
        lifetimeConfig: ts.defaultLifetimeConfig,
        keyPackageEqualityConfig: ts.defaultKeyPackageEqualityConfig,
        paddingConfig: noPadding,
      },
    };
  }

  async createKeyPackage(identity: Uint8Array, signatureKeyPair: SignatureKeys): Promise<Own> {
    const made = await this.#ts.generateKeyPackageWithKey({
      credential: { credentialType: this.#ts.defaultCredentialTypes.basic, identity },
      lifetime: currentLifetime(),
      signatureKeyPair,
      cipherSuite: this.suite,
    });
    const content = { wireformat: WireFormat.keyPackage, keyPackage: made.publicPackage };
    return { ...made, encoded: this.#encode(content) };
  }

  createGroup(groupId: Uint8Array, { publicPackage, privatePackage }: Own): Promise<State> {
    return this.#ts.createGroup({
      context: this.#context,
      groupId,
      keyPackage: publicPackage,
      privateKeyPackage: privatePackage,
    });
  }

  join(bytes: Uint8Array, tree: TreeBeside, { publicPackage, privatePackage }: Own): Promise<State> {
    const message = this.#decode(bytes);
    if (message.wireformat !== WireFormat.welcome) throw new Error('a Welcome expected');
    return this.#ts.joinGroup({
      context: this.#context,
      welcome: message.welcome,
      keyPackage: publicPackage,
      privateKeys: privatePackage,
      ...(tree && { ratchetTree: present(this.#ts.decode(this.#ts.ratchetTreeDecoder, tree), 'tree') }),
    });
  }

  async joinExternally(
    bytes: Uint8Array,
    { publicPackage, privatePackage }: Own,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['joinExternally']> {
    const message = this.#decode(bytes);
    if (message.wireformat !== WireFormat.groupInfo) throw new Error('a GroupInfo expected');
    const { publicMessage, newState: state } = await this.#ts.joinGroupExternal({
      context: this.#context,
      groupInfo: message.groupInfo,
      keyPackage: publicPackage,
      privateKeys: privatePackage,
      resync: false,
    });
    return { state, commit: this.#encode({ wireformat: WireFormat.publicMessage, publicMessage }) };
  }

  async commit(
    state: State,
    { add = [], remove = [] }: Changes,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['commit']> {
    const removals = remove.map((removed): Proposal => ({
      proposalType: ProposalType.remove,
      remove: { removed },
    }));
    const made = await this.#ts.createCommit({
      context: this.#context,
      state,
      extraProposals: [...removals, ...add.map((bytes) => this.#addition(bytes))],
      ratchetTreeExtension: false,
    });
    this.#wipe(made);
    return {
      state: made.newState,
      commit: this.#encodeMessage(made.commit),
      welcome: made.welcome && this.#encodeMessage(made.welcome),
    };
  }

  async process(
    state: State,
    bytes: Uint8Array,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['process']> {
    const message = this.#decode(bytes);
    if (message.wireformat !== WireFormat.privateMessage && message.wireformat !== WireFormat.publicMessage) {
      throw new Error('a message of a group expected');
    }
    const made = await this.#ts.processMessage({ context: this.#context, state, message });
    this.#wipe(made);
    return { state: made.newState, data: made.kind === 'newState' ? undefined : made.message };
  }

  async proposeAdd(
    state: State,
    keyPackage: Uint8Array,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['proposeAdd']> {
    const proposal = this.#addition(keyPackage);
    const made = await this.#ts.createProposal({ context: this.#context, state, proposal });
    this.#wipe(made);
    return { state: made.newState, message: this.#encodeMessage(made.message) };
  }

  async protect(
    state: State,
    data: Uint8Array,
  ): ReturnType<Dialect<State, KeyPackage, PrivateKeys>['protect']> {
    const made = await this.#ts.createApplicationMessage({ context: this.#context, state, message: data });
    this.#wipe(made);
    return { state: made.newState, message: this.#encodeMessage(made.message) };
  }

  ratchetTree({ ratchetTree }: State): Uint8Array {
    return this.#ts.encode(this.#ts.ratchetTreeEncoder, ratchetTree);
  }

  async groupInfo(state: State): Promise<Uint8Array> {
    const groupInfo = await this.#ts.createGroupInfoWithExternalPubAndRatchetTree(state, [], this.suite);
    return this.#encode({ wireformat: WireFormat.groupInfo, groupInfo });
  }

  encodeState(state: State): Uint8Array {
    return this.#ts.encode(this.#ts.clientStateEncoder, state);
  }

  decodeState(encoded: Uint8Array): State {
    return present(this.#ts.decode(this.#ts.clientStateDecoder, encoded), 'state');
  }

  #addition(bytes: Uint8Array): Proposal {
    const message = this.#decode(bytes);
    if (message.wireformat !== WireFormat.keyPackage) throw new Error('a KeyPackage expected');
    return { proposalType: ProposalType.add, add: { keyPackage: message.keyPackage } };
  }

  #encode(content: Content): Uint8Array {
    return this.#encodeMessage({ version: ProtocolVersion.mls10, ...content });
  }

  #encodeMessage(message: Message): Uint8Array {
    return this.#ts.encode(this.#ts.mlsMessageEncoder, message);
  }

  #decode(bytes: Uint8Array): Message {
    return present(this.#ts.decode(this.#ts.mlsMessageDecoder, bytes), 'message');
  }

  // As its documentation asks.
  #wipe({ consumed }: Made): void {
    for (const secret of consumed) this.#ts.zeroOutUint8Array(secret);
  }
}
