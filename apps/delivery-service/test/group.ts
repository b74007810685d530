/**
 * A group as the delivery service sees it: access keys, and messages that look like MLS but say nothing.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { delivery } from '@canopy/contract';
import { deriveAccessKeyPair, hashBody, signEpochAccessProof } from '@canopy/identity';
import { ContentType, encodeMessage, SenderType, toLeafIndex, WireFormat, type Sender } from '@canopy/mls';
import { NOW, type Device } from './bench.ts';

/** Bytes that nobody can guess. */
export function random(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(length));
}

/** What a proof differs in from a good one. */
export interface ProofOptions {
  readonly method?: string;
  readonly timeUnixMs?: number;
  readonly groupId?: Uint8Array;
  readonly body?: Uint8Array;
  readonly signature?: Uint8Array;
}

export interface CommitOptions {
  readonly groupId?: Uint8Array;
  readonly epoch?: bigint;
  readonly requestId?: Uint8Array;
  readonly commit?: Uint8Array;
  readonly groupInfo?: Uint8Array;
  readonly welcome?: Uint8Array;
  readonly recipients?: readonly delivery.WelcomeRecipient[];
  readonly nextAccessKey?: Uint8Array;
  readonly ratchetTree?: Uint8Array;
  readonly knownSequence?: bigint;
  readonly revokeTickets?: boolean;
}

const HASH = random(32);

/** The members of a group, all in one. */
export class TestGroup {
  readonly id: Uint8Array<ArrayBuffer> = random(16);

  key(epoch: bigint): ReturnType<typeof deriveAccessKeyPair> {
    const seed = createHash('sha256').update(this.id).update(String(epoch)).digest();
    return deriveAccessKeyPair(new Uint8Array(seed));
  }

  proof(method: string, body: Uint8Array, epoch: bigint, options: ProofOptions = {}): delivery.EpochProof {
    const timeUnixMs = BigInt(options.timeUnixMs ?? NOW);
    const signature =
      options.signature ??
      signEpochAccessProof(this.key(epoch).privateKey, {
        method: options.method ?? method,
        groupId: options.groupId ?? this.id,
        epoch,
        timeUnixMs,
        bodyHash: hashBody(options.body ?? body),
      });
    return { epoch, timeUnixMs, signature };
  }

  async create(device: Device, cipherSuite = 1): Promise<void> {
    await device.call('createGroup', {
      groupId: this.id,
      cipherSuite,
      accessKey: this.key(0n).publicKey,
      groupInfo: new Uint8Array(),
      ratchetTree: new Uint8Array(),
    });
  }

  /** A PrivateMessage with a ciphertext of noise. */
  privateMessage(
    contentType: ContentType,
    epoch: bigint,
    groupId: Uint8Array = this.id,
    length = 64,
  ): Uint8Array {
    return encodeMessage({
      wireFormat: WireFormat.privateMessage,
      privateMessage: {
        groupId,
        epoch,
        contentType,
        authenticatedData: new Uint8Array(),
        encryptedSenderData: random(16),
        ciphertext: random(length),
      },
    });
  }

  publicCommit(epoch: bigint, confirmationTag: Uint8Array, sender: Sender = member): Uint8Array {
    const commit = { proposals: [], path: undefined };
    return encodeMessage({
      wireFormat: WireFormat.publicMessage,
      publicMessage: {
        content: {
          groupId: this.id,
          epoch,
          sender,
          authenticatedData: new Uint8Array(),
          body: { contentType: ContentType.commit, commit },
        },
        auth: { signature: random(64), confirmationTag },
        membershipTag: sender === member ? random(32) : undefined,
      },
    });
  }

  publicApplication(epoch: bigint): Uint8Array {
    return encodeMessage({
      wireFormat: WireFormat.publicMessage,
      publicMessage: {
        content: {
          groupId: this.id,
          epoch,
          sender: member,
          authenticatedData: new Uint8Array(),
          body: { contentType: ContentType.application, applicationData: random(8) },
        },
        auth: { signature: random(64), confirmationTag: undefined },
        membershipTag: random(32),
      },
    });
  }

  groupInfo(
    epoch: bigint,
    options: { groupId?: Uint8Array; suite?: number; tag?: Uint8Array } = {},
  ): Uint8Array {
    return encodeMessage({
      wireFormat: WireFormat.groupInfo,
      groupInfo: {
        groupContext: {
          version: 1,
          cipherSuite: options.suite ?? 1,
          groupId: options.groupId ?? this.id,
          epoch,
          treeHash: HASH,
          confirmedTranscriptHash: HASH,
          extensions: [],
        },
        extensions: [],
        confirmationTag: options.tag ?? HASH,
        signer: toLeafIndex(0),
        signature: random(64),
      },
    });
  }

  bundle(epoch: bigint, options: CommitOptions = {}): Uint8Array {
    const { recipients = [], ...others } = options;
    return delivery.CommitBundle.encode({
      groupId: this.id,
      epoch,
      requestId: random(16),
      commit: this.privateMessage(ContentType.commit, epoch),
      welcome: new Uint8Array(),
      groupInfo: this.groupInfo(epoch + 1n),
      nextAccessKey: this.key(epoch + 1n).publicKey,
      ratchetTree: new Uint8Array(),
      knownSequence: 0n,
      revokeTickets: false,
      ...others,
      welcomeRecipients: [...recipients],
    }).finish();
  }

  commitRequest(
    epoch: bigint,
    options: CommitOptions & { proofEpoch?: bigint } = {},
  ): delivery.SubmitCommitRequest {
    const bundle = this.bundle(epoch, options);
    return {
      bundle,
      proof: this.proof('SubmitCommit', bundle, options.proofEpoch ?? epoch),
      ticket: new Uint8Array(),
    };
  }

  async commit(device: Device, epoch: bigint, options: CommitOptions = {}): Promise<bigint> {
    const { result } = await device.call('submitCommit', this.commitRequest(epoch, options));
    if (result?.$case !== 'accepted') throw new Error(`the commit was not accepted: ${result?.$case}`);
    return result.value.sequence;
  }

  /** A lost commit and the messages before it, with a fresh GroupInfo. */
  restoreRequest(
    entries: readonly delivery.LogEntry[],
    { proofEpoch, ...changes }: Partial<delivery.LostEntries> & { readonly proofEpoch?: bigint } = {},
  ): delivery.RestoreEntriesRequest {
    const epoch = (entries.at(-1)?.epoch ?? 0n) + 1n;
    const lost = delivery.LostEntries.encode({
      groupId: this.id,
      entries: [...entries],
      groupInfo: this.groupInfo(epoch),
      ratchetTree: new Uint8Array(),
      ...changes,
    }).finish();
    return { entries: lost, proof: this.proof('RestoreEntries', lost, proofEpoch ?? epoch) };
  }

  messageBody(
    epoch: bigint,
    options: { requestId?: Uint8Array; mlsMessage?: Uint8Array; groupId?: Uint8Array } = {},
  ): Uint8Array {
    return delivery.GroupMessage.encode({
      groupId: options.groupId ?? this.id,
      epoch,
      requestId: options.requestId ?? random(16),
      mlsMessage: options.mlsMessage ?? this.privateMessage(ContentType.application, epoch),
      knownSequence: 0n,
    }).finish();
  }

  messageRequest(
    epoch: bigint,
    options: { requestId?: Uint8Array; mlsMessage?: Uint8Array; proofEpoch?: bigint } = {},
  ): delivery.SendMessageRequest {
    const message = this.messageBody(epoch, options);
    return { message, proof: this.proof('SendMessage', message, options.proofEpoch ?? epoch) };
  }

  async send(device: Device, epoch: bigint): Promise<bigint> {
    const { result } = await device.call('sendMessage', this.messageRequest(epoch));
    if (result?.$case !== 'accepted') throw new Error(`the message was not accepted: ${result?.$case}`);
    return result.value.sequence;
  }

  query(afterSequence = 0n, limit = 0, device = ''): Uint8Array {
    return delivery.GroupQuery.encode({ groupId: this.id, afterSequence, limit, device }).finish();
  }

  readRequest(epoch: bigint, afterSequence = 0n, limit = 0): delivery.ReadGroupRequest {
    const query = this.query(afterSequence, limit);
    return { query, proof: this.proof('ReadGroup', query, epoch) };
  }

  subscribeRequest(epoch: bigint, afterSequence = 0n): delivery.SubscribeRequest {
    const query = this.query(afterSequence);
    return { request: { $case: 'group', value: { query, proof: this.proof('Subscribe', query, epoch) } } };
  }

  /** All that an epoch opens. */
  async readAll(device: Device, epoch: bigint): Promise<readonly bigint[]> {
    const { entries } = await device.call('readGroup', this.readRequest(epoch, 0n, 1000));
    return entries.map(({ sequence }) => sequence);
  }
}

export const member: Sender = { senderType: SenderType.member, leafIndex: toLeafIndex(0) };

/** A Welcome for KeyPackages, with noise in it. */
export function welcomeFor(refs: readonly Uint8Array[], cipherSuite = 1, groupInfoLength = 100): Uint8Array {
  return encodeMessage({
    wireFormat: WireFormat.welcome,
    welcome: {
      cipherSuite,
      secrets: refs.map((newMember) => ({
        newMember,
        encryptedGroupSecrets: { kemOutput: random(32), ciphertext: random(48) },
      })),
      encryptedGroupInfo: random(groupInfoLength),
    },
  });
}
