import { describe, expect, it } from '@jest/globals';

import { CodecError } from '@canopy/codec';
import { CryptoError } from '@canopy/crypto';

import { MlsError } from '../src/errors.ts';
import { decodeState } from '../src/group/state-codec.ts';
import { ProposalType, WireFormat } from '../src/registries.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
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
  stored,
  trio,
  type Peer,
} from './parties.ts';

const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };

describe('a member that is stopped and started again', () => {
  it('has the same state, byte by byte', async () => {
    const [alice, bob, carol] = await trio();
    await expectConversation([alice, bob, carol]);
    await commitBy(alice, [alice, bob, carol], { proposals: [removeOf(carol)] });
    await receive(bob, await alice.group.proposeUpdate(framing));
    for (const peer of [alice, bob, carol]) expect(snapshot(restarted(peer))).toBe(snapshot(peer));
  });

  it('goes on with proposals that wait, its own Update, skipped keys and past epochs', async () => {
    const trioNow = await trio();
    let [alice, bob, carol] = trioNow;
    const restart = (): void => {
      [alice, bob, carol] = [restarted(alice), restarted(bob), restarted(carol)];
    };
    const early = [say(alice, 'early 0'), say(alice, 'early 1'), say(alice, 'early 2')] as const;
    expect(await hear(bob, early[2])).toBe('early 2');
    restart();
    expect(await hear(bob, early[0])).toBe('early 0');
    await announce(await bob.group.proposeUpdate(framing), alice, carol);
    await announce(await carol.group.propose(addOf(joiner(party('dave'))), framing), alice, bob);
    restart();
    expect(alice.group.state.proposals).toHaveLength(2);
    const { message, staged } = await alice.group.commit();
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    restart();
    expectAgreement([alice, bob, carol]);
    expect(await hear(bob, early[1])).toBe('early 1');
    await expect(hear(bob, early[0])).rejects.toEqual(refusal('GENERATION_CONSUMED'));
    await expectConversation([alice, bob, carol]);
    await commitBy(carol, [alice, bob, carol]);
    restart();
    await commitBy(bob, [alice, bob, carol]);
    expectAgreement([alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
  });

  it('is still where it was when it stopped before it kept a commit [R14-03]', async () => {
    const [alice, bob, carol] = await trio();
    const { message } = await alice.group.commit();
    const again = restarted(alice);
    expect(again.group.epoch).toBe(1n);
    const { message: winner, staged } = await bob.group.commit();
    bob.group.keep(staged);
    for (const peer of [again, carol]) await follow(peer, winner);
    expectAgreement([again, bob, carol]);
    await expect(receive(carol, message)).rejects.toEqual(refusal('WRONG_EPOCH'));
  });

  it('keeps the resumption PSKs of past epochs [R8.6-01]', async () => {
    const [alice, bob, carol] = await trio();
    await commitBy(alice, [alice, bob, carol]);
    const again = restarted(bob);
    const psk = {
      pskType: 2,
      usage: 1,
      pskGroupId: alice.group.groupId,
      pskEpoch: 1n,
      pskNonce: alice.group.suite.random(32),
    } as const;
    const proposals = [{ proposalType: ProposalType.psk, psk }];
    expectAgreement(await commitBy(again, [alice, again, carol], { proposals }));
  });

  it.each(['removed', 'reinitialized'] as const)('knows that it is %s', async (kind) => {
    const [alice, bob, carol] = await trio();
    const reinit = { groupId: bytes('next'), version: 1, cipherSuite: 3, extensions: [] };
    const proposal =
      kind === 'removed' ? removeOf(bob) : ({ proposalType: ProposalType.reinit, ...reinit } as const);
    await commitBy(alice, [alice, bob, carol], { proposals: [proposal] });
    const again = restarted(bob);
    expect(again.group.state.status).toEqual(
      kind === 'removed' ? { kind } : { kind, reinit: expect.objectContaining(reinit) },
    );
    await expect(again.group.commit()).rejects.toEqual(refusal('GROUP_ENDED'));
  });
});

const typed = (error: unknown): boolean =>
  error instanceof CodecError || error instanceof MlsError || error instanceof CryptoError;

async function rich(): Promise<Peer> {
  const [alice, bob, carol] = await trio();
  await expectConversation([alice, bob, carol]);
  await commitBy(alice, [alice, bob, carol]);
  await receive(bob, await alice.group.proposeUpdate(framing));
  return bob;
}

function expectTyped(act: () => unknown): void {
  let caught: unknown;
  try {
    act();
  } catch (error) {
    caught = error;
  }
  expect(typed(caught)).toBe(true);
}

describe('a stored state is refused', () => {
  it.each([0, 1, 3, 255])('when it is of version %i', async (version) => {
    const state = stored(await rich());
    expect(() => decodeState(Uint8Array.of(version, ...state.subarray(1)))).toThrow(
      expect.objectContaining({ name: 'MlsError', code: 'UNSUPPORTED_STATE_VERSION' }),
    );
  });

  it('when it is empty', () => {
    expect(() => decodeState(empty)).toThrow(
      expect.objectContaining({ name: 'MlsError', code: 'UNSUPPORTED_STATE_VERSION' }),
    );
  });

  it('when it ends too early, anywhere', async () => {
    const state = stored(await rich());
    for (let length = 0; length < state.length; length++) {
      expectTyped(() => decodeState(state.subarray(0, length)));
    }
  });

  it('or understood when one byte is another, but never breaks the reader', async () => {
    const state = stored(await rich());
    let refused = 0;
    for (let at = 0; at < state.length; at++) {
      const changed = Uint8Array.from(state);
      changed[at] = (changed[at] ?? 0) ^ 0x81;
      try {
        decodeState(changed);
      } catch (error) {
        if (!typed(error)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
