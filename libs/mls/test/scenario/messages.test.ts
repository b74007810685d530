import { describe, expect, it } from '@jest/globals';

import { Group } from '../../src/group/group.ts';
import { decodeState } from '../../src/group/state-codec.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { WireFormat } from '../../src/registries.ts';
import {
  bytes,
  commitBy,
  empty,
  expectConversation,
  follow,
  hear,
  joiner,
  party,
  receive,
  refusal,
  removeOf,
  restarted,
  say,
  snapshot,
  stage,
  stored,
  text,
  trio,
  type Peer,
} from '../parties.ts';

const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };

describe('application messages', () => {
  it('come with their sender, epoch and authenticated data', async () => {
    const [alice, bob] = await trio();
    const message = alice.group.protect({ applicationData: bytes('hi'), authenticatedData: bytes('header') });
    const received = await receive(bob, message);
    if (received.kind !== 'application') throw new Error('application data expected');
    expect(text(received.applicationData)).toBe('hi');
    expect(text(received.authenticatedData)).toBe('header');
    expect(received.epoch).toBe(1n);
    expect(received.sender.leafIndex).toBe(0);
    expect(received.sender.leafNode.signatureKey).toEqual(alice.party.identity.signatureKeyPair.publicKey);
  });

  it('may be empty', async () => {
    const [alice, bob] = await trio();
    expect(await hear(bob, say(alice, ''))).toBe('');
  });

  it('hide their length up to the padding block [R6.3.1-02, R15.1-01]', async () => {
    const [alice, bob] = await trio({
      options: { policy: { ...defaultPolicy, padding: { kind: 'block', size: 256 } } },
    });
    const sizes = ['', 'a', 'a'.repeat(150)].map((what) => {
      const message = say(alice, what);
      if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
      return message.privateMessage.ciphertext.length;
    });
    expect(new Set(sizes).size).toBe(1);
    expect(await hear(bob, say(alice, 'still readable'))).toBe('still readable');
  });

  it('never use a key and nonce twice, also after a restart [R9.1-02, R6.3.1-05, R6.3.1-06]', async () => {
    const [alice, bob] = await trio();
    const first = say(alice, 'same');
    const second = say(restarted(alice), 'same');
    expect(first).not.toEqual(second);
    expect(await hear(bob, first)).toBe('same');
    expect(await hear(bob, second)).toBe('same');
  });

  it('are read in any order within an epoch [R15.3-01]', async () => {
    const [alice, bob] = await trio();
    const messages = ['one', 'two', 'three'].map((what) => say(alice, what));
    const [one, two, three] = messages;
    if (one === undefined || two === undefined || three === undefined) throw new Error('three expected');
    expect(await hear(bob, three)).toBe('three');
    expect(await hear(bob, one)).toBe('one');
    expect(await hear(bob, two)).toBe('two');
  });

  it('are read after the epoch they were sent in, as long as it is kept [R15.3-02]', async () => {
    const [alice, bob, carol] = await trio();
    const all = [alice, bob, carol];
    const late = [say(alice, 'a'), say(alice, 'b')] as const;
    for (let epoch = 0; epoch < defaultPolicy.pastEpochs; epoch++) await commitBy(carol, all);
    expect(await hear(bob, late[1])).toBe('b');
    expect(await hear(restarted(bob), late[0])).toBe('a');
    await commitBy(carol, all);
    await expect(hear(bob, late[0])).rejects.toEqual(refusal('EPOCH_NOT_RETAINED'));
  });

  it('of a member that has left since then still tell its leaf of that time [R15.3-02]', async () => {
    const [alice, bob, carol] = await trio();
    const late = say(bob, 'before I go');
    await commitBy(alice, [alice, bob, carol], { proposals: [removeOf(bob)] });
    const received = await receive(carol, late);
    expect(received).toMatchObject({ kind: 'application', sender: { leafIndex: 1 }, epoch: 1n });
  });

  it('are refused the second time, in order, skipped and past [R6.3.2-08]', async () => {
    const [alice, bob, carol] = await trio();
    const first = say(alice, 'first');
    const second = say(alice, 'second');
    await hear(bob, second);
    await expect(hear(bob, second)).rejects.toEqual(refusal('GENERATION_CONSUMED'));
    await hear(bob, first);
    await expect(hear(bob, first)).rejects.toEqual(refusal('GENERATION_CONSUMED'));
    await commitBy(carol, [alice, bob, carol]);
    await expect(hear(bob, first)).rejects.toEqual(refusal('GENERATION_CONSUMED'));
    await expectConversation([alice, bob, carol]);
  });

  it('are refused beyond the limit of skipped generations, without work and without harm [R15.3-04]', async () => {
    const [alice, bob] = await trio({ options: { policy: { ...defaultPolicy, maximumForwardSteps: 5 } } });
    const messages = Array.from({ length: 8 }, (_, at) => say(alice, `message ${at}`));
    const [first, near, far] = [messages[0], messages[6], messages[7]];
    if (first === undefined || near === undefined || far === undefined) throw new Error('eight expected');
    await hear(bob, first);
    const before = snapshot(bob);
    await expect(hear(bob, far)).rejects.toEqual(refusal('GENERATION_TOO_FAR'));
    expect(snapshot(bob)).toBe(before);
    expect(await hear(bob, near)).toBe('message 6');
    expect(await hear(bob, far)).toBe('message 7');
  });

  it('lose the oldest skipped keys first when too many wait [R15.3-03]', async () => {
    const [alice, bob] = await trio({ options: { policy: { ...defaultPolicy, maximumSkippedKeys: 2 } } });
    const [zero, one, , last] = Array.from({ length: 4 }, (_, at) => say(alice, `message ${at}`));
    if (zero === undefined || one === undefined || last === undefined) throw new Error('four expected');
    await hear(bob, last);
    await expect(hear(bob, zero)).rejects.toEqual(refusal('GENERATION_CONSUMED'));
    expect(await hear(bob, one)).toBe('message 1');
  });

  it('are not sent while a valid proposal waits for its commit [R12.4-05]', async () => {
    const [alice, bob, carol] = await trio();
    const proposal = await alice.group.proposeUpdate(framing);
    await receive(bob, proposal);
    for (const peer of [alice, bob]) {
      expect(() => say(peer, 'too early')).toThrow(expect.objectContaining({ code: 'PROPOSALS_PENDING' }));
    }
    await receive(carol, proposal);
    await commitBy(bob, [alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
  });

  it('that come back to their sender are recognised [R12.4.2-17]', async () => {
    const [alice, bob, carol] = await trio();
    await expect(receive(alice, say(alice, 'echo'))).rejects.toEqual(refusal('OWN_MESSAGE'));
    for (const wireFormat of [WireFormat.privateMessage, WireFormat.publicMessage]) {
      const { message, staged } = await alice.group.commit({ wireFormat });
      await expect(receive(restarted(alice), message)).rejects.toEqual(refusal('OWN_MESSAGE'));
      expect(await receive(alice, message)).toEqual({ kind: 'commit', staged });
      alice.group.keep(staged);
      for (const peer of [bob, carol]) await follow(peer, message);
    }
  });

  it('cannot be read by a removed member, whatever it has kept [R12.4.2-16]', async () => {
    const [alice, bob, carol] = await trio();
    const before = stored(bob);
    const { message, staged } = await alice.group.commit({ proposals: [removeOf(bob)] });
    alice.group.keep(staged);
    await follow(carol, message);
    const removal = await stage(bob, message);
    expect(removal.effects.selfRemoved).toBe(true);
    bob.group.keep(removal);
    const later = say(alice, 'without you');
    expect(await hear(carol, later)).toBe('without you');
    await expect(hear(bob, later)).rejects.toEqual(refusal('GROUP_ENDED'));
    expect(() => say(bob, 'hello?')).toThrow(expect.objectContaining({ code: 'GROUP_ENDED' }));
    await expect(bob.group.commit()).rejects.toEqual(refusal('GROUP_ENDED'));
    await expect(bob.group.proposeUpdate(framing)).rejects.toEqual(refusal('GROUP_ENDED'));
    // A removed member that never looked at the commit has no way to the new epoch either.
    const hoarder: Peer = { party: bob.party, group: new Group(decodeState(before), bob.party.options) };
    await expect(hear(hoarder, later)).rejects.toEqual(refusal('WRONG_EPOCH'));
    expect(hoarder.group.epochAuthenticator).not.toEqual(alice.group.epochAuthenticator);
  });

  it('cannot be read by a joiner when they were sent before it came', async () => {
    const [alice, bob, carol] = await trio();
    const earlier = say(alice, 'before you');
    const { message, staged } = await bob.group.commit();
    bob.group.keep(staged);
    for (const peer of [alice, carol]) await follow(peer, message);
    expect(await hear(bob, earlier)).toBe('before you');
    const four = await commitBy(alice, [alice, bob, carol], {}, [joiner(party('dave'))]);
    const dave = four.at(-1);
    if (dave === undefined) throw new Error('dave expected');
    await expect(hear(dave, earlier)).rejects.toEqual(refusal('EPOCH_NOT_RETAINED'));
  });
});

describe('exported secrets', () => {
  const request = { label: 'test', context: bytes('context'), length: 40 };

  it('are the same for all members, and another for each label, context, length and epoch [R8.5-01]', async () => {
    const [alice, bob, carol] = await trio();
    const secret = alice.group.exportSecret(request);
    expect(secret).toHaveLength(40);
    expect(bob.group.exportSecret(request)).toEqual(secret);
    expect(alice.group.exportSecret({ ...request, label: 'other' })).not.toEqual(secret);
    expect(alice.group.exportSecret({ ...request, context: empty })).not.toEqual(secret);
    expect(alice.group.exportSecret({ ...request, length: 41 }).subarray(0, 40)).not.toEqual(secret);
    await commitBy(carol, [alice, bob, carol]);
    expect(alice.group.exportSecret(request)).not.toEqual(secret);
    expect(alice.group.exportSecret(request)).toEqual(carol.group.exportSecret(request));
  });

  it('have a length that HKDF can give [R8.5-02]', async () => {
    const [alice] = await trio();
    expect(alice.group.exportSecret({ ...request, length: 0 })).toHaveLength(0);
    expect(alice.group.exportSecret({ ...request, length: 255 * 32 })).toHaveLength(8160);
    for (const length of [255 * 32 + 1, 65_536, -1, 1.5]) {
      expect(() => alice.group.exportSecret({ ...request, length })).toThrow(
        expect.objectContaining({ code: 'MISUSE' }),
      );
    }
  });
});
