import { describe, expect, it } from '@jest/globals';

import type { MLSMessage } from '../../src/framing/message.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { openByHand, type OpenedByHand } from '../forge-private.ts';
import {
  commitBy,
  expectConversation,
  groupOf,
  hear,
  restarted,
  say,
  type PartySettings,
  type Peer,
} from '../parties.ts';
import { Attacker, inTheOpen, shutOut } from './attacker.ts';

/*
 * Forward secrecy: an attacker takes the whole state of a member and has recorded everything that was sent before. What
 * was read or sent is lost to it, in this epoch and the earlier ones.
 */

/** A message as the attacker recorded it, with what a receiver knew of it at that time beside its key. */
interface Recorded {
  readonly message: MLSMessage;
  readonly opened: OpenedByHand;
  readonly leafCount: number;
}

/** Records a message that a receiver can still read. */
function record(message: MLSMessage, receiver: Peer): Recorded {
  return { message, opened: openByHand(receiver, message), leafCount: receiver.group.state.tree.leafCount };
}

/** Lets somebody speak to all others, who read it; the attacker records it. */
async function recordedTalk(speaker: Peer, all: readonly Peer[], what: string): Promise<Recorded> {
  const message = say(speaker, what);
  const listeners = all.filter((peer) => peer !== speaker);
  const [listener] = listeners;
  if (listener === undefined) throw new Error('a listener expected');
  const recorded = record(message, listener);
  for (const peer of listeners) expect(await hear(peer, message)).toBe(what);
  return recorded;
}

const byForce = (attacker: Attacker, { message, opened, leafCount }: Recorded): string | undefined =>
  attacker.openByForce(message, opened, leafCount);

/** Requires that nothing of what was recorded can be read, as a member would or by force. */
async function expectLost(attacker: Attacker, recorded: readonly Recorded[]): Promise<void> {
  for (const one of recorded) {
    expect(attacker.holds(one.opened.messageKey.key)).toBe(false);
    expect(byForce(attacker, one)).toBeUndefined();
    expect(await attacker.overhear(one.message)).toEqual([]);
  }
}

async function membersOf(size: number, settings: PartySettings = {}): Promise<[Peer, Peer, ...Peer[]]> {
  const names = Array.from({ length: size }, (_, at) => `member ${at}`);
  const [first, second, ...others] = await groupOf(names, settings);
  if (first === undefined || second === undefined) throw new Error('two expected');
  return [first, second, ...others];
}

describe.each([2, 17])('in a group of %i', (size) => {
  it('messages of earlier generations are lost, received and sent ones [R9.2-01]', async () => {
    const all = await membersOf(size);
    const [victim, other] = all;
    // A state that is stolen before the messages are read reads them: the game can be lost.
    const early = Attacker.of(victim);
    const received = [
      await recordedTalk(other, all, 'received 0'),
      await recordedTalk(other, all, 'received 1'),
    ];
    const sent = [await recordedTalk(victim, all, 'sent 0'), await recordedTalk(victim, all, 'sent 1')];
    const [firstReceived, secondReceived] = received;
    const [firstSent] = sent;
    if (firstReceived === undefined || secondReceived === undefined || firstSent === undefined) {
      throw new Error('three expected');
    }
    expect(byForce(early, secondReceived)).toBe('received 1');
    expect(byForce(early, firstSent)).toBe('sent 0');
    expect(await early.overhear(firstReceived.message)).toEqual(['received 0']);

    const attacker = Attacker.of(victim);
    await expectLost(attacker, [...received, ...sent]);
    // What comes afterwards is open to it until the victim heals.
    const next = record(say(other, 'received 2'), victim);
    expect(byForce(attacker, next)).toBe('received 2');
    expect(await attacker.overhear(next.message)).toEqual(['received 2']);
  });

  it.each([
    ['keeps none', 0],
    ['keeps three', defaultPolicy.pastEpochs],
  ])(
    'messages that were read in earlier epochs are lost, when the policy %s [R9.2-01]',
    async (_title, kept) => {
      const all = await membersOf(size, { options: { policy: { ...defaultPolicy, pastEpochs: kept } } });
      const [victim, other] = all;
      const recorded: Recorded[] = [];
      for (let epoch = 0; epoch < kept + 2; epoch++) {
        recorded.push(
          await recordedTalk(other, all, `epoch ${epoch}`),
          await recordedTalk(victim, all, 'mine'),
        );
        await commitBy(epoch % 2 === 0 ? victim : other, all, inTheOpen);
      }
      const attacker = Attacker.of(victim);
      await expectLost(attacker, recorded);
      await expectConversation(all.slice(0, 3));
    },
  );

  it('messages that were not read are lost with the epoch that is not kept any more [R9.2-02, R15.3-02]', async () => {
    const all = await membersOf(size, { options: { policy: { ...defaultPolicy, pastEpochs: 1 } } });
    const [victim, other] = all;
    const witness = restarted(victim);
    const unread = record(say(other, 'late'), witness);
    await commitBy(other, all, inTheOpen);
    const inTime = Attacker.of(victim);
    expect(byForce(inTime, unread)).toBe('late');
    expect(await inTime.overhear(unread.message)).toEqual(['late']);
    await commitBy(other, all, inTheOpen);
    await expectLost(Attacker.of(victim), [unread]);
  });

  it('a skipped key opens its message, and is lost when it was used or dropped [R9.2-02, R15.3-03]', async () => {
    const all = await membersOf(size, { options: { policy: { ...defaultPolicy, maximumSkippedKeys: 1 } } });
    const [victim, other] = all;
    const skipped = [0, 1, 2].map((at) => record(say(other, `skipped ${at}`), victim));
    await hear(victim, say(other, 'read'));
    const attacker = Attacker.of(victim);
    expect(skipped.map((one) => byForce(attacker, one))).toEqual([undefined, undefined, 'skipped 2']);
    const last = skipped[2];
    if (last === undefined) throw new Error('three expected');
    expect(attacker.holds(last.opened.messageKey.key)).toBe(true);
    await hear(victim, last.message);
    await expectLost(Attacker.of(victim), skipped);
  });
});

describe('the key schedule', () => {
  it('does not run backwards: a leaf key that opens an earlier path is not enough [R9.2-01]', async () => {
    const all = await membersOf(3);
    const [victim, other] = all;
    const before = restarted(other).group.state;
    const early = Attacker.of(victim);
    const { message, staged } = await other.group.commit(inTheOpen);
    other.group.keep(staged);
    const commitment = { message, before, after: restarted(other).group.state };
    expect(early.attack(commitment)).toEqual({ opensPath: true, enters: true });
    for (const peer of all) {
      if (peer === other) continue;
      const received = await peer.group.process(message);
      if (received.kind !== 'commit') throw new Error('a commit expected');
      peer.group.keep(received.staged);
    }
    await commitBy(other, all, { proposals: [], forcePath: true });
    const late = Attacker.of(victim);
    // The victim's leaf is the same as then, so the path of that commit opens. Its init secret is gone.
    expect(late.attack(commitment)).toEqual({ opensPath: true, enters: false });
    await commitBy(victim, all, inTheOpen);
    expect(Attacker.of(victim).attack(commitment)).toEqual(shutOut);
  });

  it('leaves no way from one epoch into the one before, for all members together [R9.2-01]', async () => {
    const policy = { ...defaultPolicy, pastEpochs: 0, resumptionPsks: 0 };
    const all = await membersOf(4, { options: { policy } });
    const [first, second] = all;
    const before = restarted(first).group.state;
    const { message, staged } = await first.group.commit(inTheOpen);
    for (const peer of all) {
      if (peer === first) continue;
      const received = await peer.group.process(message);
      if (received.kind !== 'commit') throw new Error('a commit expected');
      peer.group.keep(received.staged);
    }
    first.group.keep(staged);
    const commitment = { message, before, after: restarted(first).group.state };
    const recorded = await recordedTalk(first, all, 'between');
    expect(Attacker.of(...all).isInEpochOf(first)).toBe(true);
    await commitBy(second, all, inTheOpen);
    const attacker = Attacker.of(...all);
    expect(attacker.attack(commitment).enters).toBe(false);
    await expectLost(attacker, [recorded]);
  });
});
