import { describe, expect, it } from '@jest/globals';

import { CodecError } from '@canopy/codec';

import { MlsError } from '../../src/errors.ts';
import { createExtension } from '../../src/extensions/extension.ts';
import { ExternalSenders } from '../../src/extensions/external-senders.ts';
import { recordsOf } from '../../src/group/records/record-changes.ts';
import { decodeStagedCommit, encodeStagedCommit } from '../../src/group/records/staged-record.ts';
import type { StagedCommit } from '../../src/group/staged-commit.ts';
import { ExtensionType, ProposalType, WireFormat } from '../../src/registries.ts';
import { enter } from '../outsider.ts';
import {
  addOf,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  hear,
  join,
  joiner,
  party,
  receive,
  refusal,
  removeOf,
  say,
  snapshot,
  stage,
  trio,
  type Peer,
} from '../parties.ts';
import { isZero, secretsInTree } from '../recording-suite.ts';
import { expectStored, keeper, plainState, restoredFrom, save, textOf } from './record-store.ts';

const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty } as const;

const reinit = { groupId: bytes('next'), version: 1, cipherSuite: 1, extensions: [] };

const reread = (staged: StagedCommit, { group }: Peer): StagedCommit =>
  decodeStagedCommit(encodeStagedCommit(staged), group.state);

describe('a staged commit that was stored', () => {
  it('is the same when it is read: state and effects', async () => {
    const [alice, bob, carol] = await trio();
    const dave = joiner(party('dave'));
    await receive(alice, await bob.group.proposeUpdate(framing));
    const { staged } = await alice.group.commit({ proposals: [addOf(dave), removeOf(carol)] });
    const read = reread(staged, alice);
    expect(read.base).toBe(alice.group.state);
    expect(read.effects).toEqual(staged.effects);
    expect(read.effects).toMatchObject({ added: [{}], updated: [{}], removed: [{}], joined: false });
    expect(plainState(read.state)).toBe(plainState(staged.state));
  });

  it('tells of new extensions, of a ReInit and of one that joins from outside', async () => {
    const [alice, bob] = await trio();
    const senders = createExtension(ExtensionType.externalSenders, ExternalSenders, []);
    const commits = [
      (
        await alice.group.commit({
          proposals: [{ proposalType: ProposalType.groupContextExtensions, extensions: [senders] }],
        })
      ).message,
      (await alice.group.commit({ proposals: [{ proposalType: ProposalType.reinit, ...reinit }] })).message,
      (await enter(party('dave'), alice)).message,
    ];
    const effects = [];
    for (const message of commits) {
      const staged = await stage(bob, message);
      const read = reread(staged, bob);
      expect(staged.effects).toMatchObject(read.effects);
      expect(textOf(recordsOf(read.state))).toBe(textOf(recordsOf(staged.state)));
      effects.push(read.effects);
    }
    expect(effects).toMatchObject([{ extensionsChanged: true }, { reinit }, { joined: true }]);
  });

  it('is kept by the next process after messages and proposals came in, and undoes none of them', async () => {
    const [alice, bob, carol] = await trio();
    await commitBy(carol, [alice, bob, carol]);
    const late = say(bob, 'late');
    const skipped = [say(bob, 'one'), say(bob, 'two')] as const;
    await commitBy(carol, [alice, bob, carol]);
    const one = keeper(alice);
    const { staged, message } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const stored = encodeStagedCommit(staged);
    save(one);
    expect(await hear(alice, skipped[1])).toBe('two');
    expect(await hear(alice, late)).toBe('late');
    await receive(alice, await bob.group.proposeUpdate(framing));
    await hear(alice, say(carol, 'new'));
    save(one);
    one.peer = restoredFrom(one.store, alice.party);
    const again = one.peer;
    expect(await hear(again, skipped[0])).toBe('one');
    again.group.keep(decodeStagedCommit(stored, again.group.state));
    save(one);
    expectStored(one);
    // Twice, since what the store lacks shows at the second start only.
    one.peer = restoredFrom(one.store, alice.party);
    for (const old of [late, ...skipped]) {
      await expect(hear(one.peer, old)).rejects.toEqual(refusal('GENERATION_CONSUMED'));
    }
    expect(one.peer.group.state.proposals).toEqual([]);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([one.peer, bob, carol]);
    await expectConversation([one.peer, bob, carol]);
    expectAgreement(await commitBy(bob, [one.peer, bob, carol]));
  });

  it('is recognised when it comes back from the network', async () => {
    const [alice, bob, carol] = await trio();
    const one = keeper(alice);
    const { staged, message } = await alice.group.commit();
    const stored = encodeStagedCommit(staged);
    save(one);
    const again = restoredFrom(one.store, alice.party);
    again.group.restoreCommit(message, decodeStagedCommit(stored, again.group.state));
    for (const peer of [again, bob, carol]) await follow(peer, message);
    expectAgreement([again, bob, carol]);
  });

  it('can be dropped: its secrets are gone, the epoch goes on', async () => {
    const [alice, bob, carol] = await trio();
    const { staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const before = snapshot(alice);
    const read = reread(staged, alice);
    const fresh = [...read.state.keys].flatMap(([node, key]) =>
      alice.group.state.keys.get(node) === key ? [] : [key],
    );
    const doomed = [...Object.values(read.state.secrets), ...secretsInTree(read.state.secretTree), ...fresh];
    expect(fresh.length).toBeGreaterThan(0);
    alice.group.drop(read);
    expect(doomed.filter((secret) => !isZero(secret))).toEqual([]);
    expect(snapshot(alice)).toBe(before);
    await expectConversation([alice, bob, carol]);
    expectAgreement(await commitBy(bob, [alice, bob, carol]));
  });

  it("may be somebody else's, also one that removes this member", async () => {
    const [alice, bob, carol] = await trio();
    const { message, staged } = await alice.group.commit({ proposals: [removeOf(bob)] });
    alice.group.keep(staged);
    const one = keeper(bob);
    const removal = encodeStagedCommit(await stage(bob, message));
    const followed = encodeStagedCommit(await stage(carol, message));
    save(one);
    one.peer = restoredFrom(one.store, bob.party);
    one.peer.group.keep(decodeStagedCommit(removal, one.peer.group.state));
    save(one);
    expect(one.peer.group.state.status).toEqual({ kind: 'removed' });
    expect(one.store.keys).toEqual(['meta', ...one.store.keys.filter((key) => key.startsWith('node/'))]);
    carol.group.keep(decodeStagedCommit(followed, carol.group.state));
    expectAgreement([alice, carol]);
    await expectConversation([alice, carol]);
  });

  it('brings in who it added', async () => {
    const [alice, bob, carol] = await trio();
    const dave = joiner(party('dave'));
    const { staged, message, welcome } = await alice.group.commit({ proposals: [addOf(dave)] });
    alice.group.keep(reread(staged, alice));
    for (const peer of [bob, carol]) await follow(peer, message);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const four = [alice, bob, carol, await join(dave, { wireFormat: WireFormat.welcome, welcome })];
    expectAgreement(four);
    await expectConversation(four);
  });
});

describe('a stored commit is refused', () => {
  it('by a state of another epoch', async () => {
    const [alice, bob, carol] = await trio();
    const { staged } = await alice.group.commit();
    const stored = encodeStagedCommit(staged);
    await commitBy(bob, [alice, bob, carol]);
    expect(() => decodeStagedCommit(stored, alice.group.state)).toThrow(refusal('INVALID_STATE'));
  });

  it('when it is of another version, or empty', async () => {
    const [alice] = await trio();
    const { staged } = await alice.group.commit();
    const stored = encodeStagedCommit(staged);
    for (const changed of [
      Uint8Array.of(1, ...stored.subarray(1)),
      Uint8Array.of(3, ...stored.subarray(1)),
      empty,
    ]) {
      expect(() => decodeStagedCommit(changed, alice.group.state)).toThrow(
        refusal('UNSUPPORTED_STATE_VERSION'),
      );
    }
  });

  it('or understood when it is cut off or one byte is another, but never breaks the reader', async () => {
    const [alice, bob] = await trio();
    const { staged } = await alice.group.commit({ proposals: [addOf(joiner(party('dave'))), removeOf(bob)] });
    const stored = encodeStagedCommit(staged);
    const refused = (read: Uint8Array): boolean => {
      try {
        decodeStagedCommit(read, alice.group.state);
        return false;
      } catch (error) {
        if (error instanceof MlsError || error instanceof CodecError) return true;
        throw error;
      }
    };
    for (let length = 0; length < stored.length; length++)
      expect(refused(stored.subarray(0, length))).toBe(true);
    const changed = Array.from(stored, (byte, at) => Uint8Array.from(stored).fill(byte ^ 0x81, at, at + 1));
    expect(changed.filter(refused).length).toBeGreaterThan(50);
  });
});
