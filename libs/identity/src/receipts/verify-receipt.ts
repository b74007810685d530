/**
 * Checks receipts: each by itself, and one after the other.
 *
 * @module
 */
import { equal } from '@canopy/crypto';
import type { AttestationKeys } from '../jwks.ts';
import { verifyStatement, type StatementFault } from '../signed-statement.ts';
import { MAX_RECEIPT_LENGTH, RECEIPT_TYPE, receiptFrom, receiptHash, type Receipt } from './receipt.ts';

/** What a receipt is checked against. */
export interface ReceiptCheck {
  readonly domain: string;
  /** The keys of the domain's Delivery Service, by `parseJwks`. */
  readonly keys: AttestationKeys;
}

/** Why a receipt is not believed. */
export type ReceiptRefusal = `RECEIPT_${StatementFault}`;

/** A receipt that the service signed, with its hash and the name of the key; or why it is not believed. */
export type ReceiptVerdict =
  | { readonly valid: true; readonly kid: string; readonly hash: Uint8Array; readonly receipt: Receipt }
  | { readonly valid: false; readonly reason: ReceiptRefusal };

const REQUIRED_CLAIMS = ['group', 'epoch', 'commit', 'previous', 'sequence', 'time', 'access_key'];

/** Checks a receipt by itself. It does not expire: what was accepted stays accepted. */
export async function verifyReceipt(jws: string, { domain, keys }: ReceiptCheck): Promise<ReceiptVerdict> {
  const limits = { type: RECEIPT_TYPE, maxLength: MAX_RECEIPT_LENGTH, requiredClaims: REQUIRED_CLAIMS };
  const statement = await verifyStatement(jws, { domain, keys, nowMs: 0, ...limits });
  if (!statement.valid) return { valid: false, reason: `RECEIPT_${statement.fault}` };
  const receipt = receiptFrom(statement.payload);
  if (receipt === undefined) return { valid: false, reason: 'RECEIPT_CLAIM_INVALID' };
  return { valid: true, kid: statement.kid, hash: receiptHash(jws), receipt };
}

/** A receipt that was verified, and its hash. */
export interface KnownReceipt {
  readonly receipt: Receipt;
  readonly hash: Uint8Array;
}

/** Tells whether a receipt is for the commit right after that of another one: same group, next epoch, further on, by hash. */
export function followsReceipt(next: Receipt, { receipt, hash }: KnownReceipt): boolean {
  return (
    next.domain === receipt.domain &&
    equal(next.groupId, receipt.groupId) &&
    next.epoch === receipt.epoch + 1n &&
    next.sequence > receipt.sequence &&
    equal(next.previousReceiptHash, hash)
  );
}

/** Tells whether two receipts prove that the service lied: two commits, or two places of one, for one epoch of a group. */
export function contradictsReceipt(one: Receipt, other: Receipt): boolean {
  if (one.domain !== other.domain || !equal(one.groupId, other.groupId) || one.epoch !== other.epoch)
    return false;
  return (
    one.sequence !== other.sequence ||
    !equal(one.commitHash, other.commitHash) ||
    !equal(one.previousReceiptHash, other.previousReceiptHash) ||
    !equal(one.nextAccessKey, other.nextAccessKey)
  );
}
