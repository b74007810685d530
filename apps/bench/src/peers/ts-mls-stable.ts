/**
 * How ts-mls 1 is called: names for numbers, arguments in a row.
 *
 * @module
 */

import { currentLifetime } from '../stage/identities.ts';
import type { Changes, TreeBeside } from './peer.ts';
import { noPadding, present } from './ts-mls-dialect.ts';
import type { Dialect, SignatureKeys } from './ts-mls-dialect.ts';
import type {
  Config,
  Content,
  KeyPackage,
  Made,
  Message,
  Own,
  PrivateKeys,
  Proposal,
  StableModule,
  StableTrees,
  State,
  Suite,
} from './ts-mls-stable-bindings.ts';

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
