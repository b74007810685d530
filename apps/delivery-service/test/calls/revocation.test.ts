import { nameOfSignatureKey, signRevocationList } from '@canopy/identity';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority, DOMAIN, type Authority } from '../authority.ts';
import { failureOf, NOW, startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup } from '../group.ts';
import { ping, Reader } from '../reader.ts';

let bench: Bench;
let alice: Device;
let bob: Device;
let group: TestGroup;

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device('alice');
  bob = await bench.device('bob');
  group = new TestGroup();
  await group.create(alice);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

function list(
  number: number,
  devices: readonly string[],
  { by = bench.authority, keys = [] }: { readonly by?: Authority; readonly keys?: readonly string[] } = {},
): Promise<string> {
  const issuedAt = BigInt(NOW / 1000);
  const times = { issuedAt, nextUpdate: issuedAt + 3_600n };
  return signRevocationList(
    { domain: DOMAIN, number, ...times, certificates: [], devices: [...devices], keys: [...keys] },
    by.signer,
  );
}

describe('a revoked device', () => {
  it('is refused at once, its open streams end, and the others go on', async () => {
    const [ofAlice, ofBob] = [new Reader(alice), new Reader(bob)];
    for (const reader of [ofAlice, ofBob]) {
      await reader.stream.send(group.subscribeRequest(0n));
      await reader.until('live');
    }
    expect(await bench.service.revocations.accept(await list(1, [bob.name]))).toMatchObject({ valid: true });
    const ended = await ofBob.failure();
    expect([ended.code, ended.reason]).toEqual(['UNAUTHENTICATED', 'DEVICE_REVOKED']);
    const failure = await failureOf(bob.call('sendMessage', group.messageRequest(0n)));
    expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', 'DEVICE_REVOKED']);
    const late = await new Reader(bob).failure();
    expect([late.code, late.reason]).toEqual(['UNAUTHENTICATED', 'DEVICE_REVOKED']);
    expect(await group.send(alice, 0n)).toBe(1n);
    expect(await ofAlice.entries(1)).toEqual([1n]);
    ofAlice.stream.cancel();
  });

  it('is not made so by a list of a stranger, nor freed by an older list', async () => {
    const { revocations } = bench.service;
    expect(
      await revocations.accept(await list(5, [alice.name], { by: await createAuthority() })),
    ).toMatchObject({
      valid: false,
    });
    await group.send(alice, 0n);
    await revocations.accept(await list(3, [bob.name]));
    expect(await revocations.accept(await list(2, []))).toEqual({
      valid: false,
      reason: 'REVOCATION_LIST_ROLLED_BACK',
    });
    expect((await failureOf(bob.call('readMailbox', { afterSequence: 0n, limit: 0 }))).reason).toBe(
      'DEVICE_REVOKED',
    );
    await revocations.accept(await list(4, []));
    await bob.call('readMailbox', { afterSequence: 0n, limit: 0 });
    const reader = new Reader(bob);
    await reader.stream.send(ping(1n));
    await reader.until('pong');
    reader.stream.cancel();
  });
});

describe('a revoked key', () => {
  it('ends the streams and the use of tokens that were made for it, not those of another key of the device', async () => {
    const key = nameOfSignatureKey(random(32));
    const stolen = await bench.device('bob', { key });
    const rightful = await bench.device('bob', { key: nameOfSignatureKey(random(32)) });
    const reader = new Reader(stolen);
    await reader.stream.send(ping(1n));
    await reader.until('pong');
    await bench.service.revocations.accept(await list(1, [], { keys: [key] }));
    const ended = await reader.failure();
    expect([ended.code, ended.reason]).toEqual(['UNAUTHENTICATED', 'KEY_REVOKED']);
    const failure = await failureOf(stolen.call('sendMessage', group.messageRequest(0n)));
    expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', 'KEY_REVOKED']);
    expect(await group.send(rightful, 0n)).toBe(1n);
  });
});
