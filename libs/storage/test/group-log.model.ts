/**
 * The group log as plainly as it can be said, to compare stores with.
 *
 * @module
 */
import type {
  AppendOutcome,
  CreateGroupOutcome,
  LogEntry,
  NewCommit,
  NewGroup,
  NewMessage,
  OutboxEntry,
  StoredGroupInfo,
} from '../src/index.ts';

interface ModelGroup {
  readonly suite: number;
  readonly accessKeys: Uint8Array[];
  readonly entries: LogEntry[];
  readonly requests: Map<string, { readonly said: string; readonly sequence: bigint }>;
  readonly winners: Map<bigint, Uint8Array>;
  info: StoredGroupInfo | undefined;
}

/** Bytes as a key of a map. */
function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** All groups, in arrays. */
export class GroupLogModel {
  readonly groups = new Map<string, ModelGroup>();
  outbox: OutboxEntry[] = [];

  createGroup({ groupId, cipherSuite, accessKey }: NewGroup): CreateGroupOutcome {
    const known = this.groups.get(hex(groupId));
    if (known === undefined) {
      this.groups.set(hex(groupId), {
        suite: cipherSuite,
        accessKeys: [accessKey],
        entries: [],
        requests: new Map(),
        winners: new Map(),
        info: undefined,
      });
      return { outcome: 'created' };
    }
    const same = known.suite === cipherSuite && hex(known.accessKeys[0] ?? accessKey) === hex(accessKey);
    return { outcome: same ? 'same' : 'exists' };
  }

  appendMessage(message: NewMessage): AppendOutcome {
    const past = message.kind === 'proposal' ? 0n : BigInt(message.maxPastEpochs);
    return this.#append(message, past, message.message);
  }

  appendCommit(commit: NewCommit): AppendOutcome {
    const answer = this.#append({ ...commit, kind: 'commit', message: commit.commit }, 0n, commit.commitHash);
    const group = this.groups.get(hex(commit.groupId));
    if (answer.outcome !== 'accepted' || group === undefined) return answer;
    group.winners.set(commit.epoch, commit.commitHash);
    group.accessKeys.push(commit.nextAccessKey);
    const { groupInfo, ratchetTree, groupId } = commit;
    group.info = { epoch: commit.epoch + 1n, groupInfo, ratchetTree };
    for (const { device, welcome, ratchetTree: tree } of commit.welcomes)
      this.outbox.push({ groupId, groupSequence: answer.sequence, device, welcome, ratchetTree: tree });
    return answer;
  }

  #append(
    entry: Pick<LogEntry, 'kind' | 'epoch' | 'message'> & Pick<NewMessage, 'groupId' | 'requestId'>,
    pastEpochs: bigint,
    content: Uint8Array,
  ): AppendOutcome {
    const group = this.groups.get(hex(entry.groupId));
    if (group === undefined) return { outcome: 'unknownGroup' };
    const said = `${entry.kind} ${entry.epoch} ${hex(content)}`;
    const before = group.requests.get(hex(entry.requestId));
    if (before !== undefined)
      return before.said === said
        ? { outcome: 'alreadyAccepted', sequence: before.sequence }
        : { outcome: 'requestIdReused' };
    const currentEpoch = BigInt(group.accessKeys.length - 1);
    if (entry.epoch > currentEpoch || entry.epoch + pastEpochs < currentEpoch)
      return { outcome: 'conflict', currentEpoch, winningCommitHash: group.winners.get(entry.epoch) };
    const sequence = BigInt(group.entries.length + 1);
    group.entries.push({ sequence, kind: entry.kind, epoch: entry.epoch, message: entry.message });
    group.requests.set(hex(entry.requestId), { said, sequence });
    return { outcome: 'accepted', sequence };
  }
}
