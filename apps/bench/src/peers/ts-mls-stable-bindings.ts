/**
 * What the benchmark uses of ts-mls 1, in its own words: the package need not be installed to compile Canopy.
 *
 * @module
 */

import type { Lifetime } from '@canopy/mls';
import type {
  noPadding,
  Opaque,
  OwnPackage,
  SignatureKeys,
  TsMlsState,
  TsMlsSuite,
} from './ts-mls-dialect.ts';

type Algorithms = Opaque<'Algorithms'>;
type Capabilities = Opaque<'Capabilities'>;
type GroupInfo = Opaque<'GroupInfo'>;
/** A KeyPackage. */
export type KeyPackage = Opaque<'KeyPackage'>;
/** The private keys of a KeyPackage. */
export type PrivateKeys = Opaque<'PrivateKeyPackage'>;
type PrivateMessage = Opaque<'PrivateMessage'>;
type PskIndex = Opaque<'PskIndex'>;
type PublicMessage = Opaque<'PublicMessage'>;
type RatchetTree = Opaque<'RatchetTree'>;
type Welcome = Opaque<'Welcome'>;
/** A cipher suite. */
export type Suite = TsMlsSuite & Opaque<'Suite'>;
type GroupState = TsMlsState & Opaque<'GroupState'> & { readonly ratchetTree: RatchetTree };
/** A KeyPackage with its private keys. */
export type Own = OwnPackage<KeyPackage, PrivateKeys>;

/** The settings of a group. */
export interface Config {
  readonly keyRetentionConfig: Opaque<'KeyRetentionConfig'>;
  readonly lifetimeConfig: Opaque<'LifetimeConfig'>;
  readonly keyPackageEqualityConfig: Opaque<'KeyPackageEqualityConfig'>;
  readonly paddingConfig: typeof noPadding;
  readonly authService: Opaque<'AuthenticationService'>;
}
/** A group's state with its settings. */
export type State = GroupState & { readonly clientConfig: Config };

/** What an MLSMessage has beside its version. */
export type Content =
  | { readonly wireformat: 'mls_private_message'; readonly privateMessage: PrivateMessage }
  | { readonly wireformat: 'mls_public_message'; readonly publicMessage: PublicMessage }
  | { readonly wireformat: 'mls_welcome'; readonly welcome: Welcome }
  | { readonly wireformat: 'mls_group_info'; readonly groupInfo: GroupInfo }
  | { readonly wireformat: 'mls_key_package'; readonly keyPackage: KeyPackage };
/** An MLSMessage. */
export type Message = Content & { readonly version: 'mls10' };

/** A proposal. */
export type Proposal =
  | { readonly proposalType: 'add'; readonly add: { readonly keyPackage: KeyPackage } }
  | { readonly proposalType: 'remove'; readonly remove: { readonly removed: number } };

/** A state, and the secrets that were used up on the way to it. */
export interface Made {
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
