/**
 * Lets members of a group in, and nobody else, without knowing who they are: a proof shows the access key of an epoch.
 *
 * What is refused looks the same whether the group exists or not, in words and in work.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { hashBody, verifyEpochAccessProof } from '@canopy/identity';
import { permissionDenied, type Clock } from '@canopy/service';
import type { GroupLog } from '@canopy/storage';
import { isFresh } from './rules/proof-time.ts';

/** What a proof is for; a proof for one method opens no other. */
export type ProofMethod =
  | 'SubmitCommit'
  | 'SendMessage'
  | 'ReadGroup'
  | 'GetGroupInfo'
  | 'CreateTicket'
  | 'RestoreEntries'
  | 'Subscribe';

/** A request about a group, as far as it has to be proven. */
export interface Claim {
  readonly method: ProofMethod;
  readonly groupId: Uint8Array;
  /** The bytes that were signed over, as they came. */
  readonly body: Uint8Array;
  readonly proof: delivery.EpochProof | undefined;
}

/** How far a member of an epoch may see. */
export interface GroupAccess {
  readonly groupId: Uint8Array;
  readonly cipherSuite: number;
  /** The epoch that the member speaks for. */
  readonly epoch: bigint;
  readonly currentEpoch: bigint;
  /** The last entry that the epoch opens, at the moment of asking. */
  readonly upToSequence: bigint;
  /** The last entry of the log, at the moment of asking. */
  readonly lastSequence: bigint;
  /** Whether a commit has ended the epoch: then that is the last entry, for good. */
  readonly hasEnded: boolean;
}

type Reach = GroupAccess & { readonly accessKey: Uint8Array };

/** Checks proofs against the access keys in the log. */
export class Gatekeeper {
  readonly #groupLog: GroupLog;
  readonly #clock: Clock;
  readonly #toleranceMs: number;
  /** Nobody has its private key. */
  readonly #standIn = getCipherSuite(1).signature.generateKeyPair().publicKey;

  constructor(options: { readonly groupLog: GroupLog; readonly clock: Clock; readonly toleranceMs: number }) {
    this.#groupLog = options.groupLog;
    this.#clock = options.clock;
    this.#toleranceMs = options.toleranceMs;
  }

  /** Checks a proof and says how far it opens the group. @throws {ServiceError} PERMISSION_DENIED */
  async admit(claim: Claim): Promise<GroupAccess> {
    const proof = this.#requireFresh(claim);
    const reach = await this.#reachOf(claim.groupId, proof.epoch);
    const isProven = verifies(claim, proof, reach?.accessKey ?? this.#standIn);
    if (reach === undefined || !isProven) throw permissionDenied('PROOF_INVALID');
    return reach;
  }

  /** Checks a proof by a key that was shown in another way. @throws {ServiceError} PERMISSION_DENIED */
  admitBy(accessKey: Uint8Array, claim: Claim): void {
    if (!verifies(claim, this.#requireFresh(claim), accessKey)) throw permissionDenied('PROOF_INVALID');
  }

  #requireFresh({ proof }: Claim): delivery.EpochProof {
    if (proof === undefined) throw permissionDenied('PROOF_MISSING');
    if (!isFresh(proof.timeUnixMs, this.#clock.now(), this.#toleranceMs)) {
      throw permissionDenied('PROOF_STALE');
    }
    return proof;
  }

  async #reachOf(groupId: Uint8Array, epoch: bigint): Promise<Reach | undefined> {
    const group = await this.#groupLog.findGroup(groupId);
    const access =
      group?.accessKeys.find((key) => key.epoch === epoch) ??
      (await this.#groupLog.findEpoch(groupId, epoch));
    if (group === undefined || access === undefined) return undefined;
    return {
      groupId,
      cipherSuite: group.cipherSuite,
      epoch,
      currentEpoch: group.epoch,
      accessKey: access.accessKey,
      // What is in the log while the epoch is the current one belongs to it or to one before: a commit that comes between
      // this and the reading must not let anything of the next epoch through.
      upToSequence: access.ended?.sequence ?? group.lastSequence,
      lastSequence: group.lastSequence,
      hasEnded: access.ended !== undefined,
    };
  }
}

/** On the main thread: handing it to another one was measured, and cost more processor time than it takes. */
function verifies(
  { method, groupId, body }: Claim,
  proof: delivery.EpochProof,
  accessKey: Uint8Array,
): boolean {
  const { epoch, timeUnixMs, signature } = proof;
  return verifyEpochAccessProof(
    { method, groupId, epoch, timeUnixMs, bodyHash: hashBody(body) },
    { publicKey: accessKey, signature },
  );
}
