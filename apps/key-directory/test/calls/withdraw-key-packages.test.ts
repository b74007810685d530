import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  claimFrom,
  failureOf,
  newSignatureKey,
  startBench,
  stock,
  wordOf,
  type Bench,
  type Device,
} from '../bench.ts';

let bench: Bench;
let alice: Device;

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device();
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

function withdraw(keepSignatureKey: Uint8Array = new Uint8Array()): Promise<{ readonly withdrawn: number }> {
  return alice.call('withdrawKeyPackages', { keepSignatureKey });
}

async function claimWord(): Promise<string | undefined> {
  const bob = await bench.device('bob');
  return (await bob.call('claimKeyPackages', claimFrom({ devices: [alice.name] }))).devices.map(wordOf)[0];
}

describe('WithdrawKeyPackages', () => {
  it('withdraws everything of the calling device for good, and nothing of another', async () => {
    const [published = new Uint8Array()] = await stock(bench, alice, 2);
    await stock(bench, alice, 1, { cipherSuite: 2, lastResort: true });
    const bob = await bench.device('bob');
    await stock(bench, bob, 1);
    expect(await withdraw()).toEqual({ withdrawn: 3 });
    expect(await withdraw()).toEqual({ withdrawn: 0 });
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
    expect((await bob.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
    expect(await claimWord()).toBe('EXHAUSTED');
    const again = { keyPackages: [{ keyPackage: published, lastResort: false }] };
    expect((await alice.call('publishKeyPackages', again)).results[0]?.result).toMatchObject({
      value: { reason: 'KEY_PACKAGE_REJECTION_REASON_ALREADY_CONSUMED' },
    });
    await stock(bench, alice, 1);
    expect(await claimWord()).toMatch(/^[0-9a-f]+$/);
  });

  it('keeps what is under the new key after a rotation, whichever came first', async () => {
    const [before, after] = [newSignatureKey(), newSignatureKey()];
    await stock(bench, alice, 2, { signatureKeyPair: before });
    await stock(bench, alice, 1, { signatureKeyPair: before, lastResort: true });
    const [good = new Uint8Array()] = await stock(bench, alice, 1, { signatureKeyPair: after });
    await stock(bench, alice, 1, { signatureKeyPair: before });
    expect(await withdraw(after.publicKey)).toEqual({ withdrawn: 4 });
    expect(await claimWord()).toBe(Buffer.from(good).toString('hex'));
    // Publishing under another key withdraws nothing by itself.
    await stock(bench, alice, 1, { signatureKeyPair: after });
    await stock(bench, alice, 1, { signatureKeyPair: before });
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 2 }]);
  });

  it('refuses what is too long for a key, and withdraws nothing then', async () => {
    await stock(bench, alice, 1);
    const failure = await failureOf(withdraw(randomBytes(134)));
    expect(failure.fieldViolations.map(({ field }) => field)).toEqual(['keep_signature_key']);
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 1 }]);
  });
});
