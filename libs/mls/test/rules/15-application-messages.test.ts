import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { paddedLength } from '../../src/framing/padding.ts';
import { aeadLimitsOf } from '../../src/framing/aead-limits.ts';
import { encodeMessage, type MLSMessage } from '../../src/framing/message.ts';
import { Group } from '../../src/group/group.ts';
import { defaultPolicy, type Padding, type Policy } from '../../src/policy.ts';
import { WireFormat } from '../../src/registries.ts';
import { atGeneration } from '../at-generation.ts';
import { forgePrivate, openByHand, privateOf } from '../forge-private.ts';
import {
  bytes,
  commitBy,
  empty,
  expectConversation,
  follow,
  hear,
  refusal,
  removeOf,
  restarted,
  say,
  snapshot,
  trio,
  type PartySettings,
} from '../parties.ts';
import { recordingSuite } from '../recording-suite.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';

const withPolicy = (policy: Partial<Policy>): PartySettings => ({
  options: { policy: { ...defaultPolicy, ...policy } },
});
const sizeOf = (message: MLSMessage): number => encodeMessage(message).length;

describe('padding by a policy', () => {
  it.each<[Padding, readonly (readonly [number, number])[]]>([
    [
      { kind: 'none' },
      [
        [0, 0],
        [1, 1],
        [1000, 1000],
      ],
    ],
    [
      { kind: 'block', size: 32 },
      [
        [0, 0],
        [1, 32],
        [32, 32],
        [33, 64],
      ],
    ],
    // Of 9 bits 4 are kept, of 20 bits 5: from the definition, by hand.
    [
      { kind: 'padme' },
      [
        [0, 0],
        [1, 1],
        [8, 8],
        [9, 10],
        [100, 104],
        [257, 272],
        [1_000_001, 1_015_808],
      ],
    ],
  ])('of kind %j gives these lengths [R15.1-01]', (padding, lengths) => {
    for (const [length, expected] of lengths) expect(paddedLength(padding, length, Infinity)).toBe(expected);
  });

  it('never shortens, never passes the room there is, and by Padmé costs an eighth at most [R15.1-01]', () => {
    const paddings = fc.oneof(
      fc.constant<Padding>({ kind: 'none' }),
      fc.constant<Padding>({ kind: 'padme' }),
      fc.integer({ min: 1, max: 70_000 }).map((size): Padding => ({ kind: 'block', size })),
    );
    const lengths = fc.integer({ min: 0, max: 2 ** 27 });
    fc.assert(
      fc.property(paddings, lengths, lengths, (padding, length, room) => {
        const padded = paddedLength(padding, length, room);
        expect(padded).toBeGreaterThanOrEqual(length);
        expect(padded).toBeLessThanOrEqual(Math.max(room, length));
        if (padding.kind === 'padme') expect(padded).toBeLessThanOrEqual(length * 1.125);
      }),
      { seed: 15 },
    );
  });

  it('hides by Padmé all but a few lengths [R15.1-01]', () => {
    const lengths = new Set<number>();
    for (let length = 1; length <= 65_536; length++) {
      lengths.add(paddedLength({ kind: 'padme' }, length, Infinity));
    }
    expect(lengths.size).toBeLessThan(200);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a block of %d bytes', async (size) => {
    const [{ party, group }] = await trio();
    const policy: Policy = { ...defaultPolicy, padding: { kind: 'block', size } };
    const alice = { party, group: new Group(group.state, { ...party.options, policy }) };
    const before = snapshot(alice);
    expect(() => say(alice, 'hi')).toThrow(expect.objectContaining({ code: 'MISUSE' }));
    expect(snapshot(alice)).toBe(before);
  });

  it.each<Padding>([
    { kind: 'block', size: 1024, limit: 1200 },
    { kind: 'padme', limit: 1200 },
  ])('%j does not push a message over the limit of the transport [R15.1-01]', async (padding) => {
    const [alice, bob] = await trio(withPolicy({ padding }));
    const [plain] = await trio(withPolicy({ padding: { kind: 'none' } }));
    const lengths = [0, 1, 500, 900, 960, 980, 1000, 1020, 1040, 1100, 1300];
    const sizes: [number, number][] = [];
    for (const length of lengths) {
      const message = say(alice, 'x'.repeat(length));
      const unpadded = sizeOf(say(plain, 'x'.repeat(length)));
      expect(sizeOf(message)).toBeLessThanOrEqual(Math.max(1200, unpadded));
      expect(sizeOf(message)).toBeGreaterThanOrEqual(unpadded);
      expect(await hear(bob, message)).toBe('x'.repeat(length));
      sizes.push([unpadded, sizeOf(message)]);
    }
    // Those that fit hide behind the limit, those that do not fit stay as they are.
    expect(sizes.some(([unpadded, sent]) => unpadded < sent && sent > 1190)).toBe(true);
    expect(sizes.filter(([unpadded]) => unpadded > 1200).every(([unpadded, sent]) => unpadded === sent)).toBe(
      true,
    );
  });
});

describe('the limits of the AEAD', () => {
  const LIMIT = 2 ** 24;

  it('end the application messages of an epoch, not those of the next [R15.2-01]', async () => {
    const [start, bob, carol] = await acquainted();
    expect(aeadLimitsOf(start.group.suite).messages).toBe(LIMIT);
    const alice = atGeneration(start, 'application', LIMIT - 1);
    say(alice, 'the last one');
    const before = snapshot(alice);
    for (const peer of [alice, restarted(alice)]) {
      expect(() => say(peer, 'one too many')).toThrow(
        expect.objectContaining({ code: 'AEAD_LIMIT', requirement: 'R15.2-01' }),
      );
    }
    expect(snapshot(alice)).toBe(before);
    await commitBy(alice, [alice, bob, carol], { wireFormat: WireFormat.publicMessage });
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('end the encrypted handshake messages of an epoch, which a commit in the open leads out of [R15.2-01]', async () => {
    const [start, bob, carol] = await acquainted();
    const alice = atGeneration(start, 'handshake', LIMIT);
    const before = snapshot(alice);
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };
    const refused = { code: 'AEAD_LIMIT', requirement: 'R15.2-01' };
    await expect(alice.group.propose(removeOf(bob), framing)).rejects.toMatchObject(refused);
    await expect(alice.group.commit()).rejects.toMatchObject(refused);
    expect(snapshot(alice)).toBe(before);
    await commitBy(alice, [alice, bob, carol], { wireFormat: WireFormat.publicMessage });
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('after a commit', () => {
  it('the new keys encrypt, for the committer and for those who follow [R15.2-02]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit();
    const early = say(alice, 'not decided yet');
    expect(privateOf(early).epoch).toBe(1n);
    const laggard = restarted(carol);
    alice.group.keep(staged);
    await follow(bob, message);
    await follow(carol, message);
    for (const peer of [alice, bob]) {
      const later = say(peer, 'new');
      expect(privateOf(later).epoch).toBe(2n);
      await expectRefused(laggard, later, 'WRONG_EPOCH', 'R12.4.2-01');
      expect(openByHand(carol, later).senderData.generation).toBe(0);
    }
    expect(await hear(laggard, early)).toBe('not decided yet');
  });
});

describe('messages that come out of order', () => {
  it('are all read, in every order of four [R15.3-01]', async () => {
    const [alice, bob] = await trio();
    const words = ['one', 'two', 'three', 'four'];
    const sent = words.map((word) => say(alice, word));
    for (const order of permutations([0, 1, 2, 3])) {
      const listener = restarted(bob);
      for (const at of order) {
        const message = sent[at];
        if (message === undefined) throw new Error('four expected');
        expect(await hear(listener, message)).toBe(words[at]);
        await expectRefused(listener, message, 'GENERATION_CONSUMED', 'R6.3.2-08');
      }
    }
  });

  it('are read across epochs, for as many as the policy says and no longer [R15.3-02]', async () => {
    const [alice, bob, carol] = await trio(withPolicy({ pastEpochs: 2 }));
    const all = [alice, bob, carol];
    const sent = [say(alice, 'a'), say(alice, 'b'), say(alice, 'c')] as const;
    await commitBy(carol, all);
    expect(await hear(bob, sent[1])).toBe('b');
    await commitBy(carol, all);
    expect(await hear(bob, sent[0])).toBe('a');
    await expectRefused(bob, sent[1], 'GENERATION_CONSUMED', 'R6.3.2-08');
    await commitBy(carol, all);
    await expectRefused(bob, sent[2], 'EPOCH_NOT_RETAINED', 'R15.3-02');
    await expectConversation(all);
  });

  it('are not read when no past epoch is kept [R15.3-02]', async () => {
    const [alice, bob, carol] = await trio(withPolicy({ pastEpochs: 0 }));
    const late = say(alice, 'late');
    await commitBy(carol, [alice, bob, carol]);
    await expectRefused(bob, late, 'EPOCH_NOT_RETAINED', 'R15.3-02');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('keep no more keys than the policy says, the oldest go first [R15.3-03]', async () => {
    const [alice, bob] = await trio(withPolicy({ maximumSkippedKeys: 3 }));
    const sent = Array.from({ length: 9 }, (_, at) => say(alice, `${at}`));
    const kept = (): number[] =>
      bob.group.state.secretTree.state.ratchets.flatMap(([, { application }]) =>
        application.skipped.map(({ generation }) => generation),
      );
    const message = (at: number): MLSMessage => {
      const found = sent[at];
      if (found === undefined) throw new Error('nine expected');
      return found;
    };
    expect(await hear(bob, message(2))).toBe('2');
    expect(kept()).toEqual([0, 1]);
    expect(await hear(bob, message(8))).toBe('8');
    expect(kept()).toEqual([5, 6, 7]);
    for (const gone of [0, 1, 3, 4]) {
      await expectRefused(bob, message(gone), 'GENERATION_CONSUMED', 'R6.3.2-08');
    }
    for (const there of [7, 5, 6]) expect(await hear(bob, message(there))).toBe(`${there}`);
    expect(kept()).toEqual([]);
  });

  it('of a far generation are refused without a step [R15.3-04]', async () => {
    const { suite, secrets } = recordingSuite();
    const [alice, bob, carol] = await trio({ suite });
    await expectConversation([alice, bob, carol]);
    const { maximumForwardSteps } = defaultPolicy;
    for (const generation of [maximumForwardSteps + 2, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]) {
      const body = { contentType: 1, applicationData: bytes('far') } as const;
      const message = forgePrivate(alice, { body, generation });
      secrets.clear();
      await expectRefused(bob, message, 'GENERATION_TOO_FAR', 'R15.3-04');
      // Key and nonce of the sender data; not one step of a ratchet.
      expect(secrets.size).toBe(2);
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('of a generation just in reach are looked for, one further not [R15.3-04]', async () => {
    const [alice, bob] = await trio(withPolicy({ maximumForwardSteps: 4 }));
    const sent = Array.from({ length: 6 }, (_, at) => say(alice, `${at}`));
    const [, , , , near, far] = sent;
    if (near === undefined || far === undefined) throw new Error('six expected');
    await expect(hear(bob, far)).rejects.toEqual(refusal('GENERATION_TOO_FAR'));
    expect(await hear(bob, near)).toBe('4');
    expect(await hear(bob, far)).toBe('5');
  });
});

/** All orders of a few things. */
function permutations<T>(things: readonly T[]): T[][] {
  if (things.length === 0) return [[]];
  return things.flatMap((thing, at) => permutations(things.toSpliced(at, 1)).map((rest) => [thing, ...rest]));
}
