/**
 * Groups as the Delivery Service sees them: access keys, and messages that are MLS outside and noise inside.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { delivery } from '@canopy/contract';
import type { KeyPair } from '@canopy/crypto';
import { deriveAccessKeyPair, hashBody, signEpochAccessProof } from '@canopy/identity';
import { ContentType, encodeMessage, toLeafIndex, WireFormat } from '@canopy/mls';
import type { BenchGroup } from '../load/job.ts';

/** The suite of all groups and devices here. */
export const CIPHER_SUITE = 1;

/** Decoded it is a message in which no field is set: what the contract gains later needs no change here. */
const NOTHING = new Uint8Array();

/** The bytes of the ciphertext of a message, so that the whole MLSMessage has about 100. */
const CIPHERTEXT = 32;

/** Makes bytes that nobody else has. */
export function noise(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(length));
}

/** Makes a group at epoch 0. */
export function newGroup(): BenchGroup {
  return { groupId: noise(16), epoch: 0n, entries: 0n };
}

/** Derives the access key of an epoch: here from the group's id, which nobody else knows. */
export function accessKey({ groupId, epoch }: Pick<BenchGroup, 'groupId' | 'epoch'>): KeyPair {
  const seed = createHash('sha256').update('bench').update(groupId).update(String(epoch)).digest();
  return deriveAccessKeyPair(new Uint8Array(seed));
}

/** Makes the request that opens a group. */
export function createRequest(group: BenchGroup): delivery.CreateGroupRequest {
  return {
    ...delivery.CreateGroupRequest.decode(NOTHING),
    groupId: group.groupId,
    cipherSuite: CIPHER_SUITE,
    accessKey: accessKey(group).publicKey,
  };
}

/** What requests about one epoch of a group need. */
export class Member {
  readonly #group: BenchGroup;
  readonly #keys: KeyPair;

  constructor(group: BenchGroup) {
    this.#group = group;
    this.#keys = accessKey(group);
  }

  /** An application message of the epoch, with a proof: for a unary call. */
  message(): delivery.SendMessageRequest {
    const { message } = this.messageUnderLease();
    return { message, proof: this.proof('SendMessage', message) };
  }

  /** An application message of the epoch: for a stream that has a lease of the group. */
  messageUnderLease(): delivery.SendMessageRequest {
    const { groupId, epoch } = this.#group;
    const mlsMessage = this.#privateMessage(ContentType.application);
    const fields = { groupId, epoch, requestId: noise(16), mlsMessage };
    const message = delivery.GroupMessage.encode({
      ...delivery.GroupMessage.decode(NOTHING),
      ...fields,
    }).finish();
    return { message, proof: undefined };
  }

  /** A commit that ends the epoch, with a Welcome for the devices that join. */
  commit(joiners: readonly string[]): delivery.SubmitCommitRequest {
    const { groupId, epoch } = this.#group;
    const next = { groupId, epoch: epoch + 1n };
    const recipients = joiners.map((device) => ({ device, keyPackageRef: noise(32) }));
    const refs = recipients.map(({ keyPackageRef }) => keyPackageRef);
    const bundle = delivery.CommitBundle.encode({
      ...delivery.CommitBundle.decode(NOTHING),
      groupId,
      epoch,
      requestId: noise(16),
      commit: this.#privateMessage(ContentType.commit),
      welcome: refs.length === 0 ? NOTHING : welcome(refs),
      welcomeRecipients: recipients,
      groupInfo: groupInfo(next),
      nextAccessKey: accessKey(next).publicKey,
    }).finish();
    const proof = this.proof('SubmitCommit', bundle);
    return { ...delivery.SubmitCommitRequest.decode(NOTHING), bundle, proof };
  }

  /** Follows the group from the end of its log, and has a lease to send to it. */
  subscription(): delivery.SubscribeRequest {
    const { groupId, entries: afterSequence } = this.#group;
    const query = delivery.GroupQuery.encode({ groupId, afterSequence, limit: 0, device: '' }).finish();
    return { request: { $case: 'group', value: { query, proof: this.proof('Subscribe', query) } } };
  }

  proof(method: string, body: Uint8Array): delivery.EpochProof {
    const { groupId, epoch } = this.#group;
    const timeUnixMs = BigInt(Date.now());
    const proof = { method, groupId, epoch, timeUnixMs, bodyHash: hashBody(body) };
    return { epoch, timeUnixMs, signature: signEpochAccessProof(this.#keys.privateKey, proof) };
  }

  #privateMessage(contentType: ContentType): Uint8Array {
    const { groupId, epoch } = this.#group;
    const authenticatedData = new Uint8Array();
    return encodeMessage({
      wireFormat: WireFormat.privateMessage,
      privateMessage: {
        groupId,
        epoch,
        contentType,
        authenticatedData,
        encryptedSenderData: noise(28),
        ciphertext: noise(CIPHERTEXT),
      },
    });
  }
}

function groupInfo({ groupId, epoch }: Pick<BenchGroup, 'groupId' | 'epoch'>): Uint8Array {
  const hash = noise(32);
  return encodeMessage({
    wireFormat: WireFormat.groupInfo,
    groupInfo: {
      groupContext: {
        version: 1,
        cipherSuite: CIPHER_SUITE,
        groupId,
        epoch,
        treeHash: hash,
        confirmedTranscriptHash: hash,
        extensions: [],
      },
      extensions: [],
      confirmationTag: hash,
      signer: toLeafIndex(0),
      signature: noise(64),
    },
  });
}

function welcome(refs: readonly Uint8Array[]): Uint8Array {
  return encodeMessage({
    wireFormat: WireFormat.welcome,
    welcome: {
      cipherSuite: CIPHER_SUITE,
      secrets: refs.map((newMember) => ({
        newMember,
        encryptedGroupSecrets: { kemOutput: noise(32), ciphertext: noise(48) },
      })),
      encryptedGroupInfo: noise(100),
    },
  });
}
