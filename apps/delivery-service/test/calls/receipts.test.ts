import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delivery } from '@canopy/contract';
import {
  createReceiptKey,
  followsReceipt,
  openReceiptKey,
  parseJwks,
  receiptHash,
  signReceipt,
  verifyReceipt,
  type KnownReceipt,
  type Receipt,
} from '@canopy/identity';
import { ContentType } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { array, assert, asyncProperty, boolean, nat } from 'fast-check';
import { createAuthority, DOMAIN, type Authority } from '../authority.ts';
import { failureOf, NOW, startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup } from '../group.ts';

let folder: string;
let path: string;
let authority: Authority;
let bench: Bench;
let alice: Device;
let group: TestGroup;

/** Starts the service on a copy of its file as it was. */
async function start(from?: string): Promise<void> {
  const copy = join(folder, `${random(8).join('')}.db`);
  if (from !== undefined) copyFileSync(from, copy);
  path = copy;
  bench = await startBench({ path, authority });
  alice = await bench.device();
}

/** Ends the service and starts it again with the file as it is, or as it was: then the end of its logs is lost. */
async function restart(from?: string): Promise<string> {
  await bench.close();
  const left = path;
  await start(from ?? left);
  return left;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-receipts-'));
  authority = await createAuthority();
  await start();
  group = new TestGroup();
  await group.create(alice);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
  rmSync(folder, { recursive: true });
});

async function check(jws: string): Promise<KnownReceipt> {
  const { domain, jwksJson } = await alice.call('getReceiptKeys', {});
  const verdict = await verifyReceipt(jws, { domain, keys: await parseJwks(jwksJson) });
  if (!verdict.valid) throw new Error(verdict.reason);
  return verdict;
}

async function readAll(epoch: bigint): Promise<delivery.LogEntry[]> {
  const { entries } = await alice.call('readGroup', group.readRequest(epoch, 0n, 200));
  return entries;
}

async function report(receipt: string): Promise<delivery.ReportReceiptResponse['result']> {
  return (await alice.call('reportReceipt', { receipt })).result;
}

/** Hands in a commit and the messages before it. */
async function restore(
  ...lost: Parameters<TestGroup['restoreRequest']>
): Promise<delivery.RestoreEntriesResponse['result']> {
  return (await alice.call('restoreEntries', group.restoreRequest(...lost))).result;
}

function refused(reason: string): unknown {
  return { $case: 'refused', value: expect.objectContaining({ reason: `RESTORE_REFUSAL_REASON_${reason}` }) };
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

function receiptIn(result: delivery.SubmitCommitResponse['result']): string {
  return result?.$case === 'accepted' ? result.value.receipt : '';
}

/** A log with three commits, of which the last two are lost. */
async function lose(): Promise<readonly delivery.LogEntry[]> {
  await group.send(alice, 0n);
  await group.commit(alice, 0n);
  const early = await restart();
  await group.send(alice, 1n);
  await group.commit(alice, 1n);
  await group.send(alice, 2n);
  await group.commit(alice, 2n);
  const entries = await readAll(3n);
  await restart(early);
  expect(await group.readAll(alice, 1n)).toEqual([1n, 2n]);
  return entries;
}

describe('a receipt', () => {
  it('comes with every commit, says what was accepted, and follows the one before', async () => {
    await group.send(alice, 0n);
    for (let epoch = 0n; epoch < 3n; epoch += 1n) await group.commit(alice, epoch);
    const commits = (await readAll(3n)).filter(({ receipt }) => receipt !== '');
    const receipts = await Promise.all(commits.map(({ receipt }) => check(receipt)));
    expect(receipts.map(({ receipt }) => receipt)).toEqual(
      commits.map(({ mlsMessage, sequence, epoch }, i) => ({
        domain: DOMAIN,
        groupId: group.id,
        epoch,
        commitHash: sha256(mlsMessage),
        previousReceiptHash: i === 0 ? new Uint8Array() : receiptHash(commits[i - 1]?.receipt ?? ''),
        sequence,
        acceptedAtMs: NOW,
        nextAccessKey: new Uint8Array(group.key(epoch + 1n).publicKey),
      })),
    );
    const [first, second, third] = receipts;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three expected');
    expect([followsReceipt(second.receipt, first), followsReceipt(third.receipt, second)]).toEqual([
      true,
      true,
    ]);
  });

  it('is the same in the answer, in a repeated answer, in the log, on a stream, in a conflict, after a restart', async () => {
    const request = group.commitRequest(0n);
    const first = receiptIn((await alice.call('submitCommit', request)).result);
    expect(receiptIn((await alice.call('submitCommit', request)).result)).toBe(first);
    expect((await readAll(1n)).map(({ receipt }) => receipt)).toEqual([first]);
    const stream = alice.stream();
    await stream.send(group.subscribeRequest(1n));
    const { value } = await stream.responses[Symbol.asyncIterator]().next();
    expect(value?.response?.$case === 'entries' && value.response.value.entries[0]?.receipt).toBe(first);
    stream.cancel();
    const { result } = await alice.call('submitCommit', group.commitRequest(0n));
    expect(result?.$case === 'conflict' && result.value.entries[0]?.receipt).toBe(first);
    await restart();
    expect(receiptIn((await alice.call('submitCommit', request)).result)).toBe(first);
    expect((await readAll(1n)).map(({ receipt }) => receipt)).toEqual([first]);
  });

  it('is made with one key by two replicas that share a store', async () => {
    const other = await startBench({ path, authority });
    await group.commit(alice, 0n);
    const bob = await other.device('bob');
    await group.commit(bob, 1n);
    const { jwksJson } = await bob.call('getReceiptKeys', {});
    expect(jwksJson).toBe((await alice.call('getReceiptKeys', {})).jwksJson);
    const [first, second] = await Promise.all((await readAll(2n)).map(({ receipt }) => check(receipt)));
    if (first === undefined || second === undefined) throw new Error('two expected');
    expect(followsReceipt(second.receipt, first)).toBe(true);
    expect(other.incidents).toEqual([]);
    await other.close();
  });

  it('that the log has is known; of another key, another domain or nothing at all is invalid; none changes anything', async () => {
    await group.commit(alice, 0n);
    const [entry] = await readAll(1n);
    const receipt = entry?.receipt ?? '';
    const before = await bench.store.groupLog.findGroup(group.id);
    expect(await report(receipt)).toEqual({ $case: 'known', value: {} });
    const stranger = openReceiptKey(createReceiptKey());
    const newer: Receipt = { ...(await check(receipt)).receipt, epoch: 5n, sequence: 9n };
    for (const bad of ['', 'a.b.c', signReceipt(newer, stranger), `${receipt}A`]) {
      expect(await report(bad)).toEqual({ $case: 'invalid', value: {} });
    }
    expect(await bench.store.groupLog.findGroup(group.id)).toEqual(before);
  });
});

describe('a log that has lost its end', () => {
  it('is stopped by whoever shows a receipt, and goes on when the entries are back, byte for byte', async () => {
    const entries = await lose();
    const last = entries.at(-1)?.receipt ?? '';
    const quarantined = {
      $case: 'quarantined',
      value: { lastSequence: 2n, lostEpoch: 2n, lostSequence: 6n },
    };
    expect(await report(last)).toEqual(quarantined);
    expect(await report(entries[3]?.receipt ?? '')).toEqual(quarantined);
    // Nothing is appended: neither a commit nor a message, by a call or on a stream.
    expect((await alice.call('submitCommit', group.commitRequest(1n))).result).toEqual(quarantined);
    expect((await alice.call('sendMessage', group.messageRequest(1n))).result).toEqual(quarantined);
    const stream = alice.stream();
    const responses = stream.responses[Symbol.asyncIterator]();
    await stream.send({
      request: { $case: 'sendMessage', value: { request: group.messageRequest(1n) } },
    });
    expect((await responses.next()).value?.response).toMatchObject({
      $case: 'sendAnswer',
      value: { response: { result: quarantined } },
    });
    stream.cancel();
    expect(await group.readAll(alice, 1n)).toEqual([1n, 2n]);

    expect(await restore(entries.slice(2, 4))).toEqual({
      $case: 'restored',
      value: { alreadyThere: false, reopened: false },
    });
    expect((await alice.call('submitCommit', group.commitRequest(2n))).result).toEqual({
      ...quarantined,
      value: { ...quarantined.value, lastSequence: 4n },
    });
    expect(await restore(entries.slice(4, 6))).toEqual({
      $case: 'restored',
      value: { alreadyThere: false, reopened: true },
    });
    expect(await readAll(3n)).toEqual(entries);
    expect(await report(last)).toEqual({ $case: 'known', value: {} });
    await group.commit(alice, 3n);
  });

  it('that has other entries in the place of the lost ones goes on with those, and says that they cannot come back', async () => {
    const entries = await lose();
    const last = entries.at(-1)?.receipt ?? '';
    await group.send(alice, 1n);
    await group.send(alice, 1n);
    // The first lost commit has no place any more: what came after it could not be restored either.
    expect(await report(entries[3]?.receipt ?? '')).toEqual({ $case: 'lost', value: {} });
    expect(await report(last)).toMatchObject({ $case: 'quarantined' });
    expect(await restore(entries.slice(2, 4))).toEqual(refused('CONTRADICTED'));
    await group.commit(alice, 1n);
  });

  it('takes entries that it has already as they are, and needs no quarantine to take those that it lacks', async () => {
    const entries = await lose();
    expect(await restore(entries.slice(2, 4))).toMatchObject({
      $case: 'restored',
      value: { alreadyThere: false, reopened: true },
    });
    expect(await restore(entries.slice(2, 4))).toMatchObject({
      $case: 'restored',
      value: { alreadyThere: true, reopened: true },
    });
    expect(await readAll(2n)).toEqual(entries.slice(0, 4));
  });

  it('takes nothing else: refused restorations change nothing, and the good one works afterwards', async () => {
    const entries = await lose();
    const [message, commit, later, last] = entries.slice(2, 6);
    if (message === undefined || commit === undefined || later === undefined || last === undefined) {
      throw new Error('four entries expected');
    }
    const stranger = openReceiptKey(createReceiptKey());
    const ofStranger = signReceipt((await check(commit.receipt)).receipt, stranger);
    const otherCommit = group.privateMessage(ContentType.commit, 1n);
    const before = await bench.store.groupLog.findGroup(group.id);
    const faulty: readonly [string, () => Promise<unknown>][] = [
      ['MALFORMED', () => restore([])],
      ['MALFORMED', () => restore([commit, message])],
      ['RECEIPT_INVALID', () => restore([message, { ...commit, receipt: '' }])],
      ['RECEIPT_INVALID', () => restore([message, { ...commit, receipt: ofStranger }])],
      ['RECEIPT_INVALID', () => restore([message, { ...commit, receipt: last.receipt }], { proofEpoch: 3n })],
      ['RECEIPT_INVALID', () => restore([message, { ...commit, mlsMessage: otherCommit }])],
      ['RECEIPT_INVALID', () => restore([message, { ...commit, sequence: 5n }])],
      ['GAP', () => restore([commit])],
      ['GAP', () => restore([later, last])],
      ['GAP', () => restore([{ ...message, sequence: 2n }, commit])],
      ['GAP', () => restore([message, message, commit])],
      ['MALFORMED', () => restore([{ ...message, mlsMessage: random(40) }, commit])],
      ['MALFORMED', () => restore([{ ...message, kind: delivery.LogEntryKind.PROPOSAL }, commit])],
      ['MALFORMED', () => restore([{ ...message, epoch: 2n }, commit])],
      ['MALFORMED', () => restore([message, commit], { groupInfo: random(40) })],
      ['GROUP_INFO_MISMATCH', () => restore([message, commit], { groupInfo: group.groupInfo(1n) })],
      ['MALFORMED', () => restore([message, commit], { ratchetTree: random(40) })],
    ];
    for (const [reason, attempt] of faulty) expect(await attempt()).toEqual(refused(reason));
    expect(await bench.store.groupLog.findGroup(group.id)).toEqual(before);
    expect(await restore([message, commit])).toMatchObject({ $case: 'restored' });
  });

  it('is repaired by members of the epoch that the commit began only', async () => {
    const entries = (await lose()).slice(2, 4);
    const body = delivery.LostEntries.encode({
      groupId: group.id,
      entries: [...entries],
      groupInfo: group.groupInfo(2n),
      ratchetTree: new Uint8Array(),
    }).finish();
    const before = await bench.store.groupLog.findGroup(group.id);
    const proofs: readonly [string, delivery.EpochProof | undefined][] = [
      ['PROOF_MISSING', undefined],
      ['PROOF_INVALID', group.proof('RestoreEntries', body, 1n)],
      ['PROOF_INVALID', group.proof('SubmitCommit', body, 2n)],
      ['PROOF_INVALID', group.proof('RestoreEntries', body, 2n, { body: random(9) })],
      ['PROOF_INVALID', { ...group.proof('RestoreEntries', body, 2n), epoch: 1n }],
      ['PROOF_STALE', group.proof('RestoreEntries', body, 2n, { timeUnixMs: NOW - 600_000 })],
    ];
    for (const [reason, proof] of proofs) {
      const failure = await failureOf(alice.call('restoreEntries', { entries: body, proof }));
      expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', reason]);
    }
    expect(await bench.store.groupLog.findGroup(group.id)).toEqual(before);
  });

  it('that has gone another way shows its own receipt, and takes no other commit', async () => {
    const entries = await lose();
    await group.send(alice, 1n);
    await group.commit(alice, 1n);
    const there = await readAll(2n);
    expect(await report(entries[3]?.receipt ?? '')).toEqual({
      $case: 'contradicted',
      value: { receipt: there[3]?.receipt },
    });
    expect(await restore(entries.slice(2, 4))).toEqual(refused('CONTRADICTED'));
    // What follows on the lost commit does not follow on this one.
    expect(await restore(entries.slice(4, 6))).toEqual(refused('CONTRADICTED'));
    expect(await readAll(2n)).toEqual(there);
  });

  it('tells a reader that has more than it, and goes on from where it ends', async () => {
    const entries = await lose();
    const stream = alice.stream();
    const responses = stream.responses[Symbol.asyncIterator]();
    await stream.send(group.subscribeRequest(1n, 3n));
    expect((await responses.next()).value?.response).toEqual({
      $case: 'behind',
      value: { groupId: group.id, lastSequence: 2n },
    });
    await restore(entries.slice(2, 4));
    await stream.send(group.subscribeRequest(2n, 3n));
    expect((await responses.next()).value?.response).toMatchObject({
      $case: 'entries',
      value: { entries: [{ sequence: 4n }] },
    });
    stream.cancel();
  });

  it('comes back byte for byte from the entries of members, wherever it was cut', async () => {
    await assert(
      asyncProperty(array(boolean(), { minLength: 1, maxLength: 12 }), nat(), async (steps, place) => {
        group = new TestGroup();
        await group.create(alice);
        const cut = place % (steps.length + 1);
        let epoch = 0n;
        let early = '';
        for (const [index, isCommit] of steps.entries()) {
          if (index === cut) early = await restart();
          if (isCommit) await group.commit(alice, epoch);
          else await group.send(alice, epoch);
          if (isCommit) epoch += 1n;
        }
        const whole = await readAll(epoch);
        if (early !== '') await restart(early);
        const kept = await bench.store.groupLog.findGroup(group.id);
        const lost = whole.filter(({ sequence }) => sequence > (kept?.lastSequence ?? 0n));
        for (;;) {
          const end = lost.findIndex(({ receipt }) => receipt !== '');
          if (end < 0) break;
          expect(await restore(lost.splice(0, end + 1))).toMatchObject({ $case: 'restored' });
        }
        // Messages after the last commit have no receipt.
        const back = whole.slice(0, whole.length - lost.length);
        expect(await readAll(epoch)).toEqual(back);
      }),
      { numRuns: 12 },
    );
  });
});
