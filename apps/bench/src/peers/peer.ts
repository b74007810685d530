/**
 * What the benchmark asks of a library, and nothing else: one file a library implements it.
 *
 * Bytes are always encoded MLSMessages (RFC 9420 §6), so that the libraries can meet in one group. A method that a
 * library has no way to do throws NotOffered.
 *
 * @module
 */

/** Thrown by what a library cannot do. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

/** A library. */
export interface Peer {
  /** As on npm. */
  readonly name: string;
  /** The exact version that is installed. */
  readonly version: string;
  readonly suites: readonly number[];
  /** Where the ratchet tree of a Welcome travels: `beside` it, where the library lets one choose. */
  readonly treeOfWelcome: 'beside' | 'inside';
  /** Where a member's state lives: what is outside of the JavaScript heap (native, wasm) cannot be measured. */
  readonly memory: 'heap' | 'outside';
  /** Makes a client with a basic credential, fresh signature keys and an empty store. */
  createClient(suite: number, identity: string): Promise<PeerClient>;
}

/** The content of a ratchet_tree extension (RFC 9420 §12.4.3.3); undefined where the Welcome has the tree inside. */
export type TreeBeside = Uint8Array | undefined;

/** One client of a library. */
export interface PeerClient {
  /** Makes a KeyPackage and remembers its private keys. */
  createKeyPackage(): Promise<Uint8Array>;
  /** Makes a group of one. */
  createGroup(groupId: Uint8Array): Promise<PeerMember>;
  /** Joins with the KeyPackage that was made last. Reading the given tree is part of it. */
  join(welcome: Uint8Array, ratchetTree: TreeBeside): Promise<PeerMember>;
  /** Joins by an external Commit; the GroupInfo carries tree and external_pub. */
  joinExternally(
    groupInfo: Uint8Array,
  ): Promise<{ readonly member: PeerMember; readonly commit: Uint8Array }>;
}

/** What a commit does beside making new keys. */
export interface Changes {
  /** KeyPackages to add by value. */
  readonly add?: readonly Uint8Array[];
  /** Leaf indices to remove by value. */
  readonly remove?: readonly number[];
}

/** A commit that its maker has already moved on with. */
export interface PeerCommit {
  readonly commit: Uint8Array;
  /** Present when somebody was added; the ratchet tree travels as the library says. */
  readonly welcome: Uint8Array | undefined;
}

/** A member of a group: it changes with each call. */
export interface PeerMember {
  /**
   * Makes a commit as a PrivateMessage and moves on to its epoch, as if it had been accepted. Received proposals that are
   * pending are committed by reference. Without changes it has a path; with additions alone as the library does by default.
   */
  commit(changes: Changes): Promise<PeerCommit>;
  /** Takes a proposal, a commit (and moves on to its epoch) or an application message, whose data is given back. */
  process(message: Uint8Array): Promise<Uint8Array | undefined>;
  /** Proposes an addition as a PrivateMessage. */
  proposeAdd(keyPackage: Uint8Array): Promise<Uint8Array>;
  /** Encrypts application data, without padding where that can be chosen. */
  protect(data: Uint8Array): Promise<Uint8Array>;
  /** Gives the tree for those whom the last commit added. It is not measured: a service has it already. */
  ratchetTree(): Promise<TreeBeside>;
  /** Gives a GroupInfo with ratchet tree and external_pub. */
  groupInfo(): Promise<Uint8Array>;
  /** Encodes what has to be stored since the last call, all of it at the first; gives how many bytes. */
  save(): Promise<number>;
  /** Reads a member from what its `save` calls gave so far. */
  load(): Promise<PeerMember>;
  /**
   * Something that the members of an epoch alone have in common, to check that they agree: the epoch's authenticator
   * (RFC 9420 §8.7), or the exporter's secret with label `exporter`, empty context and 32 bytes (§8.5) where there is no
   * access to it.
   */
  epochAuthenticator(): Promise<Uint8Array>;
}
