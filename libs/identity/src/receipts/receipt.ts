/**
 * The Delivery Service's signed statement that it accepted a commit, chained by hash from commit to commit (RFC 7515, RFC 9420 §14).
 *
 * A receipt has one form only: fields in a fixed order, a deterministic signature. So it can be made again, byte for byte,
 * from how the epoch ended, and its hash is known before it is signed.
 *
 * @module
 */
import { getCipherSuite } from '@canopy/crypto';
import { isDomain } from '../device-uri.ts';
import { IdentityError } from '../errors.ts';
import type { ReceiptSigner } from './receipt-key.ts';

/** The longest receipt that is looked at, in characters. */
export const MAX_RECEIPT_LENGTH = 4_096;

/** The `typ` of a receipt, so that no statement of another kind passes for one. */
export const RECEIPT_TYPE = 'canopy-receipt+jwt';

/** What a receipt states: this commit ended this epoch, at this place of the log. */
export interface Receipt {
  readonly domain: string;
  readonly groupId: Uint8Array;
  /** The epoch that the commit ended. */
  readonly epoch: bigint;
  /** SHA-256 of the encoded MLSMessage with the commit. */
  readonly commitHash: Uint8Array;
  /** `receiptHash` of the receipt for the commit before; empty for the first one of a group. */
  readonly previousReceiptHash: Uint8Array;
  /** Where the commit stands in the log. */
  readonly sequence: bigint;
  readonly acceptedAtMs: number;
  /** Ed25519 public key that proves membership of the epoch that the commit began. */
  readonly nextAccessKey: Uint8Array;
}

const HASH_LENGTH = 32;
const MAX_GROUP_ID_LENGTH = 255;
const MAX_UINT64 = 2n ** 64n - 1n;
const { hash, signature } = getCipherSuite(1);

/** Signs a receipt: the same receipt and key give the same bytes. @throws IdentityError INVALID_RECEIPT_CLAIMS */
export function signReceipt(receipt: Receipt, signer: ReceiptSigner): string {
  const input = signingInput(receipt, signer.kid);
  const signed = signature.sign(signer.privateKey, Buffer.from(input, 'latin1'));
  return `${input}.${toText(signed)}`;
}

/** Hashes a receipt for the next one: SHA-256 over what is signed, which needs no key. @throws IdentityError INVALID_RECEIPT_CLAIMS */
export function hashOfReceipt(receipt: Receipt, kid: string): Uint8Array {
  return hashText(signingInput(receipt, kid));
}

/** Hashes a received receipt: everything before its signature. */
export function receiptHash(jws: string): Uint8Array {
  const end = jws.lastIndexOf('.');
  return hashText(end < 0 ? jws : jws.slice(0, end));
}

/** Reads the payload of a receipt; undefined when it is not one. */
export function receiptFrom(payload: Readonly<Record<string, unknown>>): Receipt | undefined {
  const { iss: domain, group, epoch, commit, previous, sequence, time, access_key: accessKey } = payload;
  const receipt = {
    domain: typeof domain === 'string' ? domain : undefined,
    groupId: readBytes(group, [1, MAX_GROUP_ID_LENGTH]),
    epoch: readNumber(epoch),
    commitHash: readBytes(commit, [HASH_LENGTH, HASH_LENGTH]),
    previousReceiptHash: previous === '' ? new Uint8Array() : readBytes(previous, [HASH_LENGTH, HASH_LENGTH]),
    sequence: readNumber(sequence),
    acceptedAtMs: readTime(time),
    nextAccessKey: readBytes(accessKey, [signature.publicKeySize, signature.publicKeySize]),
  };
  return isWhole(receipt) ? receipt : undefined;
}

type Partly<T> = { readonly [Name in keyof T]: T[Name] | undefined };

function isWhole(receipt: Partly<Receipt>): receipt is Receipt {
  return Object.values(receipt).every((value) => value !== undefined);
}

function signingInput(receipt: Receipt, kid: string): string {
  const payload = toPayload(receipt);
  if (!isDomain(receipt.domain) || receiptFrom(payload) === undefined) {
    throw new IdentityError(
      'INVALID_RECEIPT_CLAIMS',
      'hashes and keys of 32 bytes and numbers of 64 bits expected',
    );
  }
  return `${toJson({ alg: 'EdDSA', typ: RECEIPT_TYPE, kid })}.${toJson(payload)}`;
}

/** Numbers of 64 bits are text: JSON's numbers would round them. */
function toPayload(receipt: Receipt): Readonly<Record<string, string>> {
  return {
    iss: receipt.domain,
    group: toText(receipt.groupId),
    epoch: String(receipt.epoch),
    commit: toText(receipt.commitHash),
    previous: toText(receipt.previousReceiptHash),
    sequence: String(receipt.sequence),
    time: String(receipt.acceptedAtMs),
    access_key: toText(receipt.nextAccessKey),
  };
}

function toJson(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

function hashText(input: string): Uint8Array {
  return hash.digest(Buffer.from(input, 'latin1'));
}

function readBytes(value: unknown, [minimum, maximum]: readonly [number, number]): Uint8Array | undefined {
  if (typeof value !== 'string' || value.length > 2 * maximum) return undefined;
  const bytes = new Uint8Array(Buffer.from(value, 'base64url'));
  if (bytes.length < minimum || bytes.length > maximum) return undefined;
  // What is not base64url would be passed over in silence.
  return toText(bytes) === value ? bytes : undefined;
}

const DECIMAL = /^(?:0|[1-9]\d{0,19})$/;

function readNumber(value: unknown): bigint | undefined {
  if (typeof value !== 'string' || !DECIMAL.test(value)) return undefined;
  const number = BigInt(value);
  return number <= MAX_UINT64 ? number : undefined;
}

function readTime(value: unknown): number | undefined {
  const time = readNumber(value);
  return time === undefined || time > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(time);
}
