/**
 * What the scripts of the stock answer, as the port has it.
 *
 * @module
 */
import type { Consumption, DeviceClaim, NothingReason, PutOutcome, StockCount } from '../single-use-stock.ts';
import { toBytes, toList, toText, unexpected } from './reply.ts';

/** What one step of a withdrawal did. */
export interface WithdrawalStep {
  readonly withdrawn: number;
  /** Where the next step begins; empty after the last one. */
  readonly goOn: Uint8Array;
  readonly user: string;
}

const PUT_OUTCOMES: readonly PutOutcome['outcome'][] = [
  'stored',
  'alreadyStored',
  'alreadyConsumed',
  'full',
  'tooManyCapabilitySets',
  'revoked',
];

const REASONS: readonly NothingReason[] = ['unknownDevice', 'exhausted', 'noneFits', 'revoked'];

/** Reads the answer of `put-stock.lua`. @throws StorageError CORRUPT */
export function toPutOutcome(word: string): PutOutcome['outcome'] {
  return oneOf(PUT_OUTCOMES, word);
}

/** Reads the answer of `claim-stock.lua`. @throws StorageError CORRUPT */
export function toClaim(device: string, reply: unknown): DeviceClaim {
  const [outcome, lastResort, keyPackage] = toList(reply);
  const word = toText(outcome);
  if (word !== 'claimed') return { device, outcome: 'nothing', reason: oneOf(REASONS, word) };
  return { device, outcome: 'claimed', keyPackage: toBytes(keyPackage), lastResort: isTrue(lastResort) };
}

/** Reads the answer of `count-stock.lua`. @throws StorageError CORRUPT */
export function toStockCounts(reply: unknown): readonly StockCount[] {
  const flat = toList(reply).map(toText);
  const counts: StockCount[] = [];
  for (let i = 0; i + 3 < flat.length; i += 4)
    counts.push({
      cipherSuite: Number(flat[i]),
      singleUse: Number(flat[i + 1]),
      lastResort: flat[i + 2] === '1',
      lastResortUses: Number(flat[i + 3]),
    });
  return counts;
}

/** Reads the answer of `withdraw-stock.lua`. @throws StorageError CORRUPT */
export function toWithdrawalStep(reply: unknown): WithdrawalStep {
  const [withdrawn, goOn, user] = toList(reply);
  if (typeof withdrawn !== 'number') throw unexpected();
  return { withdrawn, goOn: toBytes(goOn), user: toText(user) };
}

/** Reads the answer of `consumptions-stock.lua`. @throws StorageError CORRUPT */
export function toConsumptions(reply: unknown): readonly Consumption[] {
  return toList(reply).map(toConsumption);
}

const HEAD = /^(\d+) (\d+) (\d+) ([01]) (\d+) /;

function toConsumption(reply: unknown): Consumption {
  const entry = Buffer.from(toBytes(reply));
  const head = HEAD.exec(entry.toString('latin1'));
  if (head === null) throw unexpected();
  const [all, sequence = '', at, suite, lastResort, refLength] = head;
  const refEnd = all.length + Number(refLength);
  return {
    sequence: BigInt(sequence),
    caller: entry.subarray(refEnd).toString('utf8'),
    atMs: Number(at),
    ref: new Uint8Array(entry.subarray(all.length, refEnd)),
    cipherSuite: Number(suite),
    lastResort: lastResort === '1',
  };
}

function oneOf<Word extends string>(words: readonly Word[], word: string): Word {
  const found = words.find((candidate) => candidate === word);
  if (found === undefined) throw unexpected();
  return found;
}

function isTrue(reply: unknown): boolean {
  return toText(reply) === '1';
}
