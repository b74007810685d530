/**
 * The public state of groups whose handshake is not encrypted, so that what their members would refuse is refused here
 * (RFC 9420 §12.4.2, RFC 9750 §5.2).
 *
 * A state is opened from the GroupInfo that the last commit brought, and follows the log from there; after an encrypted
 * commit it is opened anew. Where there is no tree the state is unknown, and nothing is decided by it.
 *
 * @module
 */
import { CodecError, decode } from '@canopy/codec';
import { CryptoError, getCipherSuite } from '@canopy/crypto';
import {
  decodeMessage,
  defaultPolicy,
  MlsError,
  noPsks,
  PublicGroup,
  RatchetTreeNodes,
  treeFromNodes,
  WireFormat,
  type GroupInfo,
  type IdentityProvider,
  type Policy,
  type RatchetTree,
} from '@canopy/mls';
import type { Clock } from '@canopy/service';
import type { GroupLog, LogEntry, StoredGroupInfo } from '@canopy/storage';
import { Recent } from './recent.ts';

/** Where states come from, and how much of them is kept. */
export interface PublicGroupsOptions {
  readonly groupLog: GroupLog;
  readonly clock: Clock;
  /** The most bytes of GroupInfos and trees whose states are kept in memory. */
  readonly maxBytes: number;
  readonly pageBytes: number;
}

/** The state of a group. */
export interface PublicState {
  readonly group: PublicGroup;
  /** Whether all proposals of the epoch are in it; encrypted ones cannot be. */
  readonly hasAllProposals: boolean;
}

/** A state, and the last entry of the log that is in it. */
interface Followed extends PublicState {
  readonly sequence: bigint;
  readonly weight: number;
}

/** What an application may choose is not for the service to judge; what the RFC demands is. */
const POLICY: Policy = {
  ...defaultPolicy,
  maximumLifetime: undefined,
  checkLifetimeOnReceive: false,
  requireSuiteInCapabilities: false,
  allowNewMemberProposals: true,
};

/** Members judge each other: a member whose credential has expired must not make the group unusable. */
const believing: IdentityProvider = {
  validateCredential: () => Promise.resolve({ valid: true }),
  validateSuccessor: () => Promise.resolve({ valid: true }),
};

const PAGE_ENTRIES = 256;
/** A state that is further behind is opened anew. */
const MAX_FOLLOWED = 65_536n;
const STATE_OVERHEAD = 4_096;

/** The public states of groups, as far as they can be known. */
export class PublicGroups {
  readonly #options: PublicGroupsOptions;
  readonly #states: Recent<string, Followed>;
  /** Groups whose state cannot be known in an epoch, by that epoch. */
  readonly #unknown = new Recent<string, bigint>(10_000);
  readonly #running = new Map<string, Promise<PublicState | undefined>>();

  constructor(options: PublicGroupsOptions) {
    this.#options = options;
    this.#states = new Recent(options.maxBytes);
  }

  /**
   * Gives the state of a group in an epoch; `over` for an epoch that has ended, where the log itself knows what to answer;
   * undefined where the state cannot be known.
   */
  async at(groupId: Uint8Array, epoch: bigint): Promise<PublicState | 'over' | undefined> {
    const state = await this.now(groupId);
    if (state === undefined || state.group.groupContext.epoch < epoch) return undefined;
    return state.group.groupContext.epoch > epoch ? 'over' : state;
  }

  /** Gives the state at the end of a group's log; undefined where it cannot be known. */
  async now(groupId: Uint8Array): Promise<PublicState | undefined> {
    const key = Buffer.from(groupId).toString('hex');
    const before = this.#running.get(key);
    // One after the other: whoever comes later has to see entries that the one before may have read past.
    const running = (before ?? Promise.resolve()).catch(() => undefined).then(() => this.#find(key, groupId));
    this.#running.set(key, running);
    try {
      return await running;
    } finally {
      if (this.#running.get(key) === running) this.#running.delete(key);
    }
  }

  async #find(key: string, groupId: Uint8Array): Promise<PublicState | undefined> {
    const kept = this.#states.find(key);
    const followed = kept === undefined ? undefined : await this.#follow(groupId, kept);
    const state = followed ?? (await this.#openAnew(key, groupId));
    if (state === undefined) {
      this.#states.forget(key);
      return undefined;
    }
    this.#states.keep(key, state, state.weight);
    return state;
  }

  async #openAnew(key: string, groupId: Uint8Array): Promise<Followed | undefined> {
    const { groupLog } = this.#options;
    const stored = await groupLog.groupInfo(groupId);
    if (stored === undefined || this.#unknown.find(key) === stored.epoch) return undefined;
    const opened = await this.#open(groupId, stored);
    const state = opened === undefined ? undefined : await this.#follow(groupId, opened);
    if (state === undefined) this.#unknown.keep(key, stored.epoch);
    return state;
  }

  async #open(groupId: Uint8Array, stored: StoredGroupInfo): Promise<Followed | undefined> {
    const { groupLog, clock } = this.#options;
    const begin = await this.#beginOf(groupId, stored.epoch);
    if (begin === undefined) return undefined;
    try {
      const { groupInfo, tree: ratchetTree } = await readStatement(groupLog, groupId, stored);
      const suite = getCipherSuite(groupInfo.groupContext.cipherSuite);
      const outside = {
        policy: POLICY,
        identities: believing,
        psks: noPsks,
        now: () => BigInt(Math.floor(clock.now() / 1000)),
      };
      const group = await PublicGroup.open({ suite, groupInfo, ratchetTree }, outside);
      const weight = stored.groupInfo.length + (stored.tree?.size ?? 0) + STATE_OVERHEAD;
      return { group, hasAllProposals: true, sequence: begin, weight };
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  /** Gives the place of the commit that began an epoch. */
  async #beginOf(groupId: Uint8Array, epoch: bigint): Promise<bigint | undefined> {
    if (epoch === 0n) return 0n;
    return (await this.#options.groupLog.findEpoch(groupId, epoch - 1n))?.ended?.sequence;
  }

  /** Goes on to the end of the log; undefined where that cannot be done. */
  async #follow(groupId: Uint8Array, from: Followed): Promise<Followed | undefined> {
    const { groupLog, pageBytes } = this.#options;
    let state = from;
    while (state.sequence - from.sequence < MAX_FOLLOWED) {
      const page = { afterSequence: state.sequence, limit: PAGE_ENTRIES, maxBytes: pageBytes };
      const entries = await groupLog.read({ groupId, ...page });
      if (entries.length === 0) return state;
      for (const entry of entries) {
        const next = entry.sequence === state.sequence + 1n ? await after(state, entry) : undefined;
        if (next === undefined) return undefined;
        state = next;
      }
    }
    return undefined;
  }
}

/** Gives the state after an entry; undefined where it cannot be known. */
async function after(state: Followed, entry: LogEntry): Promise<Followed | undefined> {
  const passed = { ...state, sequence: entry.sequence };
  if (entry.kind === 'application') return passed;
  try {
    const message = decodeMessage(entry.message);
    if (message.wireFormat !== WireFormat.publicMessage) {
      return entry.kind === 'proposal' ? { ...passed, hasAllProposals: false } : undefined;
    }
    const { group, kind } = await state.group.receive(message.publicMessage);
    const hasAllProposals = kind === 'commit' || state.hasAllProposals;
    return { ...passed, group, hasAllProposals, weight: state.weight + entry.message.length };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // A proposal that members refuse changes nothing; a commit that they refuse leaves open where they are.
    return entry.kind === 'proposal' ? passed : undefined;
  }
}

/** Tells whether something is refused for what it is, and not because something went wrong here. */
export function isRefusal(error: unknown): error is MlsError | CodecError | CryptoError {
  return error instanceof MlsError || error instanceof CodecError || error instanceof CryptoError;
}

/** A GroupInfo and the tree of its epoch, as they are kept; the tree is undefined where it is inside, or nowhere. */
export interface Statement {
  readonly groupInfo: GroupInfo;
  readonly tree: RatchetTree | undefined;
}

/** Reads what is kept of an epoch. @throws {CodecError} */
export async function readStatement(
  groupLog: GroupLog,
  groupId: Uint8Array,
  stored: StoredGroupInfo,
): Promise<Statement> {
  const tree = decodeTree(await readTree(groupLog, groupId, stored));
  return { groupInfo: readGroupInfo(stored.groupInfo), tree };
}

function readGroupInfo(bytes: Uint8Array): GroupInfo {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.groupInfo)
    throw new CodecError('INVALID_VALUE', 'a GroupInfo expected');
  return message.groupInfo;
}

function decodeTree(bytes: Uint8Array | undefined): RatchetTree | undefined {
  return bytes === undefined ? undefined : treeFromNodes(decode(RatchetTreeNodes, bytes));
}

const CHUNK_BYTES = 262_144;

/** Reads a tree that is kept apart. */
async function readTree(
  groupLog: GroupLog,
  groupId: Uint8Array,
  { epoch, tree }: StoredGroupInfo,
): Promise<Uint8Array | undefined> {
  if (tree === undefined) return undefined;
  const bytes = new Uint8Array(tree.size);
  for (let offset = 0; offset < tree.size;) {
    const chunk = await groupLog.readTree({ groupId, epoch, offset, maxBytes: CHUNK_BYTES });
    // A commit may have come meanwhile: then this state is of no use any more.
    if (chunk === undefined || chunk.bytes.length === 0) return undefined;
    bytes.set(chunk.bytes.subarray(0, tree.size - offset), offset);
    offset += chunk.bytes.length;
  }
  return bytes;
}
