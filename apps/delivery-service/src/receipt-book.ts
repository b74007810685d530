/**
 * Makes the receipts of commits from how their epochs ended, and checks those that are shown.
 *
 * @module
 */
import {
  createReceiptKey,
  hashOfReceipt,
  openReceiptKey,
  parseJwks,
  receiptJwks,
  signReceipt,
  verifyReceipt,
  type Receipt,
  type ReceiptSigner,
  type ReceiptVerdict,
} from '@canopy/identity';
import type { Clock, Logger } from '@canopy/service';
import type { EpochEnd, GroupLog, ReceiptFacts, ReceiptKey, ReceiptKeys } from '@canopy/storage';
import { Recent } from './recent.ts';

/** What receipts are made with. */
export interface ReceiptBookOptions {
  readonly domain: string;
  readonly groupLog: GroupLog;
  readonly receiptKeys: ReceiptKeys;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

/** The commit that a receipt is for. */
export interface EndedEpoch {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly ended: EpochEnd;
}

/** Signing takes longer than everything else that is done with an entry, and all readers of a group ask for the same receipts. */
const REMEMBERED = 10_000;
/** How long a key that was not in the store is not looked for again. */
const MISSING_MS = 10_000;

/** A key that signs, and how the store has it. */
interface SigningKey {
  readonly signer: ReceiptSigner;
  readonly stored: ReceiptKey;
}

/** The receipts of a service; all replicas make the same ones. */
export class ReceiptBook {
  readonly #options: ReceiptBookOptions;
  readonly #signers = new Map<string, ReceiptSigner>();
  readonly #receipts = new Recent<string, string>(REMEMBERED);
  /** Keys that were looked for in vain, and when. */
  readonly #missing = new Recent<string, number>(REMEMBERED);
  #newest: SigningKey | undefined;

  constructor(options: ReceiptBookOptions) {
    this.#options = options;
  }

  /** Makes sure that the store has the key that signs, also when it has lost it since: what one process has signed all can show. */
  async prepare(): Promise<void> {
    const { stored } = await this.#keyNow();
    await this.#options.receiptKeys.add(stored);
  }

  /** Says what the receipt of a commit will state besides the commit, if the commit is accepted now. */
  async factsFor(groupId: Uint8Array, epoch: bigint): Promise<ReceiptFacts> {
    const { kid: keyId } = (await this.#keyNow()).signer;
    const previousReceiptHash = await this.hashBefore(groupId, epoch);
    return { acceptedAtMs: Math.floor(this.#options.clock.now()), previousReceiptHash, keyId };
  }

  /**
   * Makes the receipt of a commit, the same one every time; empty for a commit from before there were receipts, and for one whose key
   * the store has lost: the groups that have none such are not to suffer from it.
   */
  async receiptOf(commit: EndedEpoch): Promise<string> {
    const { keyId, commitHash } = commit.ended;
    if (keyId === '') return '';
    // The hash is part of the name: after a store lost a commit, another one may have ended the same epoch.
    const name = `${hex(commit.groupId)} ${commit.epoch} ${hex(commitHash)} ${commit.ended.sequence}`;
    const known = this.#receipts.find(name);
    if (known !== undefined) return known;
    const signer = await this.#signer(keyId);
    if (signer === undefined) return '';
    const receipt = signReceipt(this.#statement(commit), signer);
    this.#receipts.keep(name, receipt);
    return receipt;
  }

  /** Gives the hash of the receipt for the commit that began an epoch; empty where there is none. */
  async hashBefore(groupId: Uint8Array, epoch: bigint): Promise<Uint8Array> {
    const before = epoch === 0n ? undefined : await this.#options.groupLog.findEpoch(groupId, epoch - 1n);
    if (before?.ended === undefined) return new Uint8Array();
    return this.#hashOf({ groupId, epoch: before.epoch, ended: before.ended });
  }

  /** Checks whether this service signed a receipt. */
  async verify(jws: string): Promise<ReceiptVerdict> {
    const check = async (): Promise<ReceiptVerdict> =>
      verifyReceipt(jws, { domain: this.#options.domain, keys: await parseJwks(this.#jwks()) });
    const verdict = await check();
    if (verdict.valid || verdict.reason !== 'RECEIPT_UNKNOWN_KEY') return verdict;
    // Another replica may have added the key.
    await this.#load();
    return check();
  }

  /** Gives the public keys as a JSON Web Key Set. */
  async jwksJson(): Promise<string> {
    await this.#keyNow();
    await this.#load();
    return this.#jwks();
  }

  #hashOf(commit: EndedEpoch): Uint8Array {
    const { keyId } = commit.ended;
    return keyId === '' ? new Uint8Array() : hashOfReceipt(this.#statement(commit), keyId);
  }

  #statement({ groupId, epoch, ended }: EndedEpoch): Receipt {
    const { commitHash, previousReceiptHash, sequence, acceptedAtMs, nextAccessKey } = ended;
    const { domain } = this.#options;
    return {
      domain,
      groupId,
      epoch,
      commitHash,
      previousReceiptHash,
      sequence,
      acceptedAtMs,
      nextAccessKey,
    };
  }

  async #keyNow(): Promise<SigningKey> {
    if (this.#newest === undefined) {
      const { receiptKeys, clock } = this.#options;
      const offered = { ...createReceiptKey(), createdAtMs: Math.floor(clock.now()) };
      const stored = await receiptKeys.ensure(offered);
      this.#newest = { signer: openReceiptKey(stored), stored };
      this.#signers.set(stored.kid, this.#newest.signer);
    }
    return this.#newest;
  }

  async #signer(kid: string): Promise<ReceiptSigner | undefined> {
    const known = this.#signers.get(kid);
    const { clock, log } = this.#options;
    if (known !== undefined || clock.now() < (this.#missing.find(kid) ?? -Infinity) + MISSING_MS)
      return known;
    await this.#load();
    const signer = this.#signers.get(kid);
    if (signer !== undefined) return signer;
    this.#missing.keep(kid, clock.now());
    log.warn({ event: 'receipt-key-lost', kid });
    return undefined;
  }

  async #load(): Promise<void> {
    for (const key of await this.#options.receiptKeys.all()) {
      if (!this.#signers.has(key.kid)) this.#signers.set(key.kid, openReceiptKey(key));
    }
  }

  #jwks(): string {
    return receiptJwks([...this.#signers.values()]);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
