/**
 * What an answer to an append says, in the words of a history.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { receiptHash } from '@canopy/identity';
import type { AppendOutcome, Receipt } from './event.ts';
import { hex, toSeen } from './group-view.ts';

type Answer = NonNullable<delivery.SubmitCommitResponse['result'] | delivery.SendMessageResponse['result']>;

/** Reads the answer to SubmitCommit or SendMessage. @throws Error for an answer that says nothing */
export function readOutcome(result: Answer | undefined): AppendOutcome {
  if (result === undefined) throw new Error('an answer without a result');
  switch (result.$case) {
    case 'accepted':
      return readAccepted(result.value);
    case 'conflict': {
      const { currentEpoch, winningCommitHash, entries } = result.value;
      return {
        outcome: 'conflict',
        currentEpoch,
        winner: hex(winningCommitHash),
        entries: entries.map(toSeen),
      };
    }
    case 'rejected':
      return { outcome: 'rejected', reason: result.value.reason };
    case 'quarantined':
      return { outcome: 'quarantined' };
    case 'limited':
      return { outcome: 'refused', code: 'RESOURCE_EXHAUSTED', reason: result.value.limit };
  }
}

function readAccepted(answer: delivery.CommitAccepted | delivery.MessageAccepted): AppendOutcome {
  const { sequence, alreadyAccepted } = answer;
  const jws = 'receipt' in answer ? answer.receipt : '';
  return { outcome: 'accepted', sequence, alreadyAccepted, receipt: readReceipt(jws) };
}

/** Reads the receipts of the commits among the entries of a log. */
export function readReceipts(entries: readonly delivery.LogEntry[]): readonly Receipt[] {
  return entries.flatMap(({ receipt }) => readReceipt(receipt) ?? []);
}

/** Reads what a receipt claims; undefined where there is none. Its signature is not the business of a history. */
function readReceipt(jws: string): Receipt | undefined {
  if (jws === '') return undefined;
  const claims: unknown = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8'));
  return {
    epoch: BigInt(claim(claims, 'epoch')),
    commitHash: toHex(claim(claims, 'commit')),
    sequence: BigInt(claim(claims, 'sequence')),
    hash: hex(receiptHash(jws)),
    previous: toHex(claim(claims, 'previous')),
  };
}

function claim(claims: unknown, name: string): string {
  const value: unknown =
    typeof claims === 'object' && claims !== null ? Reflect.get(claims, name) : undefined;
  if (typeof value !== 'string') throw new Error(`a receipt without ${name}`);
  return value;
}

function toHex(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('hex');
}
