import { describe, expect, it } from '@jest/globals';

import { defaultPolicy } from '../../src/policy.ts';
import { WireFormat } from '../../src/registries.ts';
import { commitBy, empty, follow, groupOf, hear, receive, say, type Peer } from '../parties.ts';
import { recordingSuite } from '../recording-suite.ts';
import { hex } from '../suites.ts';
import { keeper, save, textOf, type Keeper } from './record-store.ts';

/** Every secret by its bytes, from before it could be overwritten. */
interface Recorded {
  readonly peers: readonly Peer[];
  /** Gives the secrets that were made since the last call. */
  readonly taken: () => readonly string[];
}

/** A group of which every secret is written down at once, as it is when it is made. */
async function recordedGroup(): Promise<Recorded> {
  const made: string[] = [];
  const { suite, secrets } = recordingSuite();
  const note = secrets.add.bind(secrets);
  secrets.add = (secret) => {
    made.push(hex(secret));
    return note(secret);
  };
  const policy = { ...defaultPolicy, pastEpochs: 1, resumptionPsks: 1 };
  const peers = await groupOf(['alice', 'bob', 'carol'], { suite, options: { policy } });
  return { peers, taken: () => made.splice(0) };
}

const has = ({ store }: Keeper, secret: string): boolean => textOf(store.read()).includes(secret);

async function begin(): Promise<{
  readonly alice: Peer;
  readonly bob: Keeper;
  readonly carol: Peer;
  taken: Recorded['taken'];
}> {
  const { peers, taken } = await recordedGroup();
  const [alice, bob, carol] = peers;
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
  return { alice, bob: keeper(bob), carol, taken };
}

describe('what a member has deleted is not in its store either', () => {
  it('the keys of messages, once they were sent or heard', async () => {
    const { alice, bob, taken } = await begin();
    const [root] = Array.from(bob.store.read()).flatMap(({ key, value }) =>
      key === 'secrets/1/node/3' ? [hex(value)] : [],
    );
    if (root === undefined) throw new Error('the root of the secret tree expected');
    const [one, two, three] = [say(alice, 'one'), say(alice, 'two'), say(alice, 'three')];
    taken();
    await hear(bob.peer, three);
    const before = taken();
    save(bob);
    expect(has(bob, root)).toBe(false);
    const waiting = before.filter((secret) => has(bob, secret));
    // Two skipped keys with their nonces, both chains, and the secrets beside the path.
    expect(waiting.length).toBeGreaterThanOrEqual(8);
    for (const message of [two, one]) {
      await hear(bob.peer, message);
      save(bob);
    }
    expect(waiting.filter((secret) => has(bob, secret))).toHaveLength(waiting.length - 4);
    say(bob.peer, 'own');
    const sent = taken();
    save(bob);
    say(bob.peer, 'own again');
    save(bob);
    const left = sent.filter((secret) => has(bob, secret));
    // Of the first own message only the handshake ratchet and the secret beside the path are still to be used.
    expect(left.length).toBeLessThanOrEqual(3);
    expect(sent.length).toBeGreaterThan(5);
  });

  it('the secrets of an epoch, once it is neither the present one nor retained', async () => {
    const { alice, bob, carol, taken } = await begin();
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty } as const;
    const members = [alice, bob.peer, carol];
    taken();
    const first = Array.from(bob.store.read(), ({ key, value }) => ({ key, value: hex(value) }));
    const secretKeys = first.filter(({ key }) => /^(?:key|secrets|resumption)\//.test(key));
    const update = await bob.peer.group.proposeUpdate(framing);
    for (const peer of [alice, carol]) await receive(peer, update);
    save(bob);
    const updateKeys = Array.from(bob.store.read()).flatMap(({ key, value }) =>
      key.startsWith('update/') ? [hex(value)] : [],
    );
    expect(updateKeys).toHaveLength(1);
    const made: string[] = [...taken()];
    for (let count = 0; count < 3; count++) {
      for (const committer of members) {
        const { message, staged } = await committer.group.commit({ forcePath: true });
        committer.group.keep(staged);
        for (const peer of members) if (peer !== committer) await follow(peer, message);
        save(bob);
      }
      made.push(...taken());
    }
    for (const committer of members) await commitBy(committer, members, { forcePath: true });
    save(bob);
    for (const { value } of secretKeys) expect(has(bob, value)).toBe(false);
    for (const value of updateKeys) expect(has(bob, value)).toBe(false);
    expect(made.length).toBeGreaterThan(500);
    expect(made.filter((secret) => has(bob, secret))).toEqual([]);
    expect(bob.store.keys.filter((key) => key.startsWith('proposal/') || key.startsWith('update/'))).toEqual(
      [],
    );
  });
});
