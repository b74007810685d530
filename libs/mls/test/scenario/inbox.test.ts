import { describe, expect, it } from '@jest/globals';

import type { MLSMessage } from '../../src/framing/message.ts';
import { defaultInboxLimits, Inbox, type Delivered } from '../../src/group/inbox.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { WireFormat } from '../../src/registries.ts';
import { forge } from '../forge.ts';
import {
  bytes,
  choices,
  commitBy,
  empty,
  expectAgreement,
  follow,
  groupOf,
  hear,
  overTheWire,
  refusal,
  removeOf,
  restarted,
  say,
  snapshot,
  stage,
  text,
  trio,
  type Peer,
} from '../parties.ts';

const inPublic = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const inPrivate = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };

/** Lets an inbox deal with a message and with all that can follow from it; commits are kept. */
async function deliver(inbox: Inbox, { group }: Peer, message: MLSMessage): Promise<readonly Delivered[]> {
  const outcomes: Delivered[] = [];
  let todo: readonly MLSMessage[] = [message];
  while (todo.length > 0) {
    for (const one of todo) {
      const outcome = await inbox.receive(overTheWire(one));
      if (outcome.kind === 'commit') group.keep(outcome.staged);
      outcomes.push(outcome);
    }
    todo = outcomes.at(-1)?.kind === 'early' ? [] : inbox.takeRipe();
  }
  return outcomes;
}

async function make(): Promise<{ members: readonly [Peer, Peer, Peer]; inbox: Inbox }> {
  const members = await trio();
  return { members, inbox: new Inbox(members[1].group) };
}

describe("a member's own messages that come back", () => {
  it.each([inPublic, inPrivate])(
    'are known: a commit is given as it was staged [R12.4.2-17]',
    async (how) => {
      const { members, inbox } = await make();
      const [alice, bob, carol] = members;
      const { message, staged } = await bob.group.commit(how);
      expect(await inbox.receive(overTheWire(message))).toEqual({ kind: 'commit', staged });
      bob.group.keep(staged);
      for (const peer of [alice, carol]) await follow(peer, message);
      expectAgreement(members);
      expect(await inbox.receive(overTheWire(message))).toEqual({ kind: 'stale', epoch: 1n });
    },
  );

  it('are known after a restart when the commit is restored [R12.4.2-17]', async () => {
    const { members } = await make();
    const [alice, bob, carol] = members;
    const { message, staged } = await bob.group.commit();
    const again = restarted(bob);
    await expect(again.group.process(overTheWire(message))).rejects.toThrow(refusal('OWN_MESSAGE'));
    expect(() => again.group.restoreCommit(message, staged)).toThrow(refusal('MISUSE'));
    again.group.restoreCommit(message, { ...staged, base: again.group.state });
    await follow(again, message);
    for (const peer of [alice, carol]) await follow(peer, message);
    expectAgreement([alice, again, carol]);
  });

  it('are known when they are proposals or application data', async () => {
    const { members, inbox } = await make();
    const [, bob, carol] = members;
    const spoken = say(bob, 'hello');
    const before = snapshot(bob);
    expect(await inbox.receive(overTheWire(spoken))).toEqual({ kind: 'own' });
    expect(snapshot(bob)).toBe(before);
    for (const framing of [inPublic, inPrivate]) {
      const proposal = await bob.group.propose(removeOf(carol), framing);
      const after = snapshot(bob);
      expect(await inbox.receive(overTheWire(proposal))).toEqual({ kind: 'own' });
      expect(snapshot(bob)).toBe(after);
    }
  });

  it('are not known any more when the commit was dropped, or lost the race [R14-03] [R14-02]', async () => {
    const { members, inbox } = await make();
    const [alice, bob, carol] = members;
    const dropped = await bob.group.commit();
    bob.group.drop(dropped.staged);
    expect(await inbox.receive(overTheWire(dropped.message))).toEqual({ kind: 'own' });
    const lost = await bob.group.commit();
    const winner = await alice.group.commit();
    alice.group.keep(winner.staged);
    for (const peer of [bob, carol]) await follow(peer, winner.message);
    bob.group.drop(lost.staged);
    expect(await inbox.receive(overTheWire(lost.message))).toEqual({ kind: 'stale', epoch: 1n });
    expectAgreement(await commitBy(bob, members));
  });
});

describe('messages of others', () => {
  it('that come twice are duplicates [R6.3.2-08]', async () => {
    const { members, inbox } = await make();
    const [alice, bob, carol] = members;
    const messages = [
      say(alice, 'once'),
      await alice.group.propose(removeOf(carol), inPrivate),
      await carol.group.proposeUpdate(inPublic),
    ];
    for (const message of messages) {
      const { kind } = await inbox.receive(overTheWire(message));
      expect(kind).not.toBe('duplicate');
      const before = snapshot(bob);
      expect(await inbox.receive(overTheWire(message))).toEqual({ kind: 'duplicate' });
      expect(snapshot(bob)).toBe(before);
    }
  });

  it('of a past epoch are read while it is retained, then stale [R15.3-02] [R12.4.2-01]', async () => {
    const policy = { ...defaultPolicy, pastEpochs: 1 };
    const members = await trio({ options: { policy } });
    const [alice, bob] = members;
    const inbox = new Inbox(bob.group);
    const [first, second] = [say(alice, 'first'), say(alice, 'second')];
    const proposal = await alice.group.proposeUpdate(inPrivate);
    await commitBy(alice, members, { includeReceived: false });
    expect(await inbox.receive(overTheWire(first))).toMatchObject({ kind: 'application', epoch: 1n });
    expect(await inbox.receive(overTheWire(proposal))).toEqual({ kind: 'stale', epoch: 1n });
    await commitBy(alice, members);
    const before = snapshot(bob);
    expect(await inbox.receive(overTheWire(second))).toEqual({ kind: 'stale', epoch: 1n });
    expect(snapshot(bob)).toBe(before);
  });

  it('that come too early wait, whatever their order [R12.4.2-01] [R15.3-01]', async () => {
    const { members } = await make();
    const [alice, bob, carol] = members;
    const script: MLSMessage[] = [];
    for (let round = 0; round < 4; round += 1) {
      script.push(say(alice, `before ${round}`));
      const update = await carol.group.proposeUpdate(round % 2 === 0 ? inPublic : inPrivate);
      script.push(update);
      await alice.group.process(overTheWire(update));
      const { message, staged } = await alice.group.commit();
      alice.group.keep(staged);
      script.push(message);
      await follow(carol, message);
    }
    const choose = choices(3);
    for (let count = 0; count < 5; count += 1) {
      const late = restarted(bob);
      const inbox = new Inbox(late.group);
      const heard: string[] = [];
      const order = [...script];
      while (order.length > 0) {
        const [message] = order.splice(choose(order.length), 1);
        if (message === undefined) break;
        const outcomes = await deliver(inbox, late, message);
        for (const outcome of outcomes) {
          if (outcome.kind === 'application') heard.push(text(outcome.applicationData));
        }
      }
      expect(heard.toSorted()).toEqual([0, 1, 2, 3].map((round) => `before ${round}`));
      expect(inbox.size).toBe(0);
      expectAgreement([alice, late, carol]);
    }
  });

  it('that come too early are kept within limits, those that are nearest first [R12.4.2-01]', async () => {
    const { members } = await make();
    const [alice, bob] = members;
    const inbox = new Inbox(bob.group, {
      ...defaultInboxLimits,
      maximumMessages: 3,
      maximumEpochsAhead: 50n,
    });
    const made = (epoch: bigint, name: string): MLSMessage =>
      forge(alice, { contentType: 1, applicationData: bytes(name) }, { wireFormat: 2, content: { epoch } });
    const early = async (epoch: bigint): Promise<boolean> => {
      const outcome = await inbox.receive(made(epoch, `epoch ${epoch}`));
      return outcome.kind === 'early' && outcome.kept;
    };
    expect(await early(52n)).toBe(false);
    expect([await early(20n), await early(30n), await early(40n)]).toEqual([true, true, true]);
    expect([await early(41n), await early(30n)]).toEqual([false, true]);
    expect([inbox.size, await early(30n), await early(2n)]).toEqual([3, false, true]);
    const narrow = new Inbox(bob.group, { ...defaultInboxLimits, maximumBytes: 100 });
    expect(await narrow.receive(made(2n, 'long'.repeat(50)))).toEqual({
      kind: 'early',
      epoch: 2n,
      kept: false,
    });
  });

  it('that refer to proposals which have not arrived wait for them [R12.4-04]', async () => {
    const { members, inbox } = await make();
    const [alice, bob, carol] = members;
    await hear(bob, say(alice, 'I am here'));
    const update = await carol.group.proposeUpdate(inPrivate);
    await alice.group.process(overTheWire(update));
    const { message, staged } = await alice.group.commit();
    alice.group.keep(staged);
    const before = snapshot(bob);
    expect(await inbox.receive(overTheWire(message))).toEqual({ kind: 'early', epoch: 1n, kept: true });
    expect(snapshot(bob)).toBe(before);
    expect(await inbox.receive(overTheWire(message))).toEqual({ kind: 'duplicate' });
    const outcomes = await deliver(inbox, bob, update);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['proposal', 'commit']);
    await follow(carol, message);
    expectAgreement(members);
  });

  it('that are forged are refused, and nothing waits', async () => {
    const { members, inbox } = await make();
    const [alice, bob] = members;
    const message = say(alice, 'true');
    if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
    const { privateMessage } = message;
    const forged = {
      ...message,
      privateMessage: { ...privateMessage, ciphertext: privateMessage.ciphertext.with(3, 0) },
    };
    const before = snapshot(bob);
    await expect(inbox.receive(forged)).rejects.toThrow(refusal('DECRYPTION_FAILED'));
    const [stranger] = await groupOf(['zoe']);
    if (stranger === undefined) throw new Error('one expected');
    await expect(inbox.receive(say(stranger, 'hi'))).rejects.toThrow(refusal('WRONG_GROUP'));
    expect(snapshot(bob)).toBe(before);
    expect(inbox.size).toBe(0);
    expect(await inbox.receive(overTheWire(message))).toMatchObject({ kind: 'application' });
  });

  it('say that the group is over for a member that was removed [R12.4.2-16]', async () => {
    const { members, inbox } = await make();
    const [alice, bob, carol] = members;
    await commitBy(alice, members, { proposals: [removeOf(bob)] });
    expect(bob.group.state.status.kind).toBe('removed');
    expect(await inbox.receive(overTheWire(say(carol, 'gone?')))).toEqual({ kind: 'ended' });
  });
});

describe('a commit of this member that is under way', () => {
  it('is not restored into another epoch [R14-03]', async () => {
    const { members } = await make();
    const [alice, bob] = members;
    const { message, staged } = await bob.group.commit();
    const other = await alice.group.commit();
    bob.group.keep(await stage(bob, other.message));
    expect(() => bob.group.restoreCommit(message, staged)).toThrow(refusal('MISUSE'));
    bob.group.drop(staged);
  });
});
