/**
 * What the benchmark uses of `mls-ts`, in the words of its `raw` exports: the package need not be installed to compile
 * Canopy.
 *
 * @module
 */

declare const opaqueHandle: unique symbol;

/** A handle to the WebAssembly side that is only passed back; each kind has a name. */
export interface Handle<Kind extends string> {
  readonly [opaqueHandle]: Kind;
}

/** A structure that can be encoded. */
export interface Encodable {
  to_bytes(): Uint8Array;
}

/** The store of one client. */
export interface Provider {
  /** Encodes all that is in it. */
  serialize(): Uint8Array;
}

/** A name with signature keys. */
export interface Identity {
  key_package(provider: Provider): Encodable;
  serialize(): Uint8Array;
}

/** What an addition leaves with: the commit refers to the proposal. */
export interface AddMessages {
  readonly proposal: Uint8Array;
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array;
}

/** A member of a group. */
export interface Group {
  export_ratchet_tree(): Encodable;
  propose_and_commit_add(provider: Provider, sender: Identity, newMember: Handle<'KeyPackage'>): AddMessages;
  merge_pending_commit(provider: Provider): void;
  create_message(provider: Provider, sender: Identity, data: Uint8Array): Uint8Array;
  /** Gives the data of an application message, nothing of others; a commit is applied at once. */
  process_message(provider: Provider, message: Uint8Array): Uint8Array;
  export_key(provider: Provider, label: string, context: Uint8Array, length: number): Uint8Array;
}

/** The bindings. */
export interface Bindings {
  readonly Provider: {
    new (): Provider;
    from_bytes(snapshot: Uint8Array): Provider;
  };
  readonly Identity: {
    new (provider: Provider, name: string): Identity;
    from_bytes(name: string, bytes: Uint8Array): Identity;
  };
  readonly Group: {
    create_new(provider: Provider, founder: Identity, groupId: string): Group;
    join(provider: Provider, welcome: Uint8Array, tree: Handle<'RatchetTree'>): Group;
    load(provider: Provider, groupId: string): Group;
  };
  readonly KeyPackage: { from_bytes(bytes: Uint8Array): Handle<'KeyPackage'> };
  readonly RatchetTree: { from_bytes(bytes: Uint8Array): Handle<'RatchetTree'> };
}

/** The module. */
export interface MlsTsModule {
  readonly raw: Bindings;
}
