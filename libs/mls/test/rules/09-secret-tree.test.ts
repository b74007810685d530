import { describe, expect, it } from '@jest/globals';

import { expandWithLabel, getCipherSuite } from '@canopy/crypto';

import type { GroupState } from '../../src/group/state.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { SecretTree } from '../../src/secret-tree/secret-tree.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { atGeneration } from '../at-generation.ts';
import { altered, forgePrivate, privateOf } from '../forge-private.ts';
import { labelledSuite, type LabelledSecret } from '../labelled-suite.ts';
import {
  bytes,
  commitBy,
  empty,
  groupOf,
  hear,
  joiner,
  party,
  type Peer,
  removeOf,
  reversedPsks,
  say,
  snapshot,
  suite1,
  trio,
} from '../parties.ts';
import { isZero, recordingSuite, secretsInTree } from '../recording-suite.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const LIMITS = { maximumForwardSteps: 10, maximumSkippedKeys: 10 };
const size = suite1.kdf.size;

const expand = (secret: Uint8Array, label: string, context: Uint8Array, length: number): Uint8Array =>
  expandWithLabel(suite1, secret, { label, context, length });
const child = (secret: Uint8Array, side: 'left' | 'right'): Uint8Array =>
  expand(secret, 'tree', bytes(side), size);

const generation = (at: number): Uint8Array => Uint8Array.of(0, 0, 0, at);

/** The secrets of the example of RFC 9420 §9.2, each computed from the root: a tree of four, A to D. */
function exampleSecrets(): Readonly<Record<string, Uint8Array>> {
  const g = new Uint8Array(size).fill(42);
  const [e, f] = [child(g, 'left'), child(g, 'right')];
  const [a, b] = [child(e, 'left'), child(e, 'right')];
  const [handshake0, application0] = [
    expand(a, 'handshake', empty, size),
    expand(a, 'application', empty, size),
  ];
  const application1 = expand(application0, 'secret', generation(0), size);
  const application2 = expand(application1, 'secret', generation(1), size);
  const key = (secret: Uint8Array, at: number): Uint8Array => expand(secret, 'key', generation(at), 16);
  const nonce = (secret: Uint8Array, at: number): Uint8Array => expand(secret, 'nonce', generation(at), 12);
  return {
    g,
    e,
    f,
    a,
    b,
    handshake0,
    application0,
    application1,
    application2,
    k0: key(application0, 0),
    n0: nonce(application0, 0),
    k1: key(application1, 1),
    n1: nonce(application1, 1),
  };
}

/** Names secrets by what they are in the example. */
const named = (secrets: Iterable<Uint8Array>): string[] => {
  const names = new Map(Object.entries(exampleSecrets()).map(([name, secret]) => [hex(secret), name]));
  return Array.from(secrets, (secret) => names.get(hex(secret)) ?? 'something else').toSorted();
};

describe('the example of the deletion schedule', () => {
  const KEPT = ['application2', 'b', 'f', 'handshake0', 'k0', 'n0'];

  it('keeps of the tree what was not used for generation 1 of A, and overwrites the rest [R9.2-01, R9.2-02]', () => {
    const { suite, secrets } = recordingSuite();
    const root = Uint8Array.from(exampleSecrets()['g'] ?? empty);
    const tree = SecretTree.start(suite, root, 4);
    const lookup = tree.lookUp(toLeafIndex(0), 'application', 1, LIMITS);
    lookup.consume();
    expect(named(secretsInTree(tree))).toEqual(KEPT);
    expect(isZero(root)).toBe(true);
    expect(isZero(lookup.messageKey.key) && isZero(lookup.messageKey.nonce)).toBe(true);
    // Of all that was derived on the way only what is kept is still to be read anywhere.
    expect(named([...secrets].filter((secret) => !isZero(secret)))).toEqual(KEPT);
  });

  it('loses generation 0 when that is used too, and nothing else [R9.2-01, R9.2-02]', () => {
    const { suite, secrets } = recordingSuite();
    const tree = SecretTree.start(suite, Uint8Array.from(exampleSecrets()['g'] ?? empty), 4);
    tree.lookUp(toLeafIndex(0), 'application', 1, LIMITS).consume();
    tree.lookUp(toLeafIndex(0), 'application', 0, LIMITS).consume();
    const kept = ['application2', 'b', 'f', 'handshake0'];
    expect(named(secretsInTree(tree))).toEqual(kept);
    expect(named([...secrets].filter((secret) => !isZero(secret)))).toEqual(kept);
  });

  it('keeps everything when the message was not authentic [R9.2-03]', () => {
    const { suite, secrets } = recordingSuite();
    const tree = SecretTree.start(suite, Uint8Array.from(exampleSecrets()['g'] ?? empty), 4);
    tree.lookUp(toLeafIndex(0), 'application', 1, LIMITS).discard();
    expect(named(secretsInTree(tree))).toEqual(['g']);
    expect(named([...secrets].filter((secret) => !isZero(secret)))).toEqual([]);
    tree.lookUp(toLeafIndex(0), 'application', 1, LIMITS).consume();
    expect(named(secretsInTree(tree))).toEqual(KEPT);
  });
});

/** The labels of the secrets that were not overwritten. */
const alive = (derived: readonly LabelledSecret[], ...labels: string[]): string[] =>
  derived.filter(({ label, secret }) => labels.includes(label) && !isZero(secret)).map(({ label }) => label);

describe('the secrets that an epoch begins with', () => {
  const psk = { pskType: 1, pskId: bytes('psk'), pskNonce: suite1.random(32) } as const;

  it('are overwritten where they are derived for a Welcome alone [R9.2-01]', async () => {
    const { suite, derived } = labelledSuite();
    const members = await trio({ suite });
    derived.length = 0;
    await commitBy(members[0], members, {}, [joiner(party('dave', { suite }))]);
    const labels = derived.map(({ label }) => label);
    for (const label of ['welcome', 'key', 'nonce']) expect(labels).toContain(label);
    expect(alive(derived, 'welcome', 'key', 'nonce', 'joiner')).toEqual([]);
  });

  it('are overwritten as soon as all is derived from them [R9.2-01]', async () => {
    const { suite, derived } = labelledSuite();
    const [alice, bob, carol] = await trio({ suite, options: { psks: reversedPsks } });
    const old: GroupState[] = [alice, bob, carol].map(({ group }) => group.state);
    derived.length = 0;
    await commitBy(alice, [alice, bob, carol], {
      proposals: [{ proposalType: ProposalType.psk, psk }],
      forcePath: true,
    });
    const labels = new Set(derived.map(({ label }) => label));
    const consumed = ['path', 'node', 'derived psk', 'extract', 'joiner', 'epoch'];
    for (const label of [...consumed, 'encryption', 'init']) expect(labels).toContain(label);
    expect(alive(derived, ...consumed)).toEqual([]);
    expect(old.map(({ secrets }) => isZero(secrets.initSecret))).toEqual([true, true, true]);
    // The encryption secret is the root of the secret tree: it lives until the first message.
    expect(alive(derived, 'encryption')).toHaveLength(3);
    await hear(bob, say(alice, 'first'));
    expect(alive(derived, 'encryption')).toHaveLength(1);
    const kept = derived.filter(({ label, secret }) => label === 'init' && !isZero(secret));
    expect(kept.map(({ secret }) => secret)).toEqual(
      [alice, bob, carol].map(({ group }) => group.state.secrets.initSecret),
    );
  });
});

/** The sizes of the two trees. */
const shapes = ({ group }: Peer): number[] => [
  group.state.secretTree.state.leafCount,
  group.state.tree.leafCount,
];

describe('a secret tree', () => {
  it('has the shape of the ratchet tree of its epoch [R9-01]', async () => {
    const five = await groupOf(['a', 'b', 'c', 'd', 'e']);
    const [a, , , , e] = five;
    if (a === undefined || e === undefined) throw new Error('five expected');
    expect(shapes(a)).toEqual([8, 8]);
    const four = await commitBy(a, five, { proposals: [removeOf(e)] });
    for (const peer of four) expect(shapes(peer)).toEqual([4, 4]);
    await expectGoesOn(a, four);
  });

  it('is as it was after a refusal, also for a sender that was never heard [R9.2-03, R6.3.2-07]', async () => {
    const [alice, bob, carol] = await trio();
    const message = say(alice, 'first');
    const ciphertext = privateOf(message).ciphertext.map((byte, at) => (at === 40 ? byte ^ 1 : byte));
    await expectRefused(bob, altered(message, { ciphertext }), 'DECRYPTION_FAILED');
    const { signaturePrivateKey } = carol.group.state;
    const body = { contentType: 1, applicationData: empty } as const;
    const badlySigned = forgePrivate(alice, { body, signaturePrivateKey });
    await expectRefused(bob, badlySigned, 'INVALID_SIGNATURE');
    expect(await hear(bob, message)).toBe('first');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('a ratchet', () => {
  it('that is at its end sends nothing more in this epoch, but in the next one [R9.1-03]', async () => {
    const [start, bob, carol] = await trio({ suite: getCipherSuite(3) });
    const alice = atGeneration(start, 'application', 0xffff_fffe);
    say(alice, 'the last one');
    const before = snapshot(alice);
    expect(() => say(alice, 'one too many')).toThrow(
      expect.objectContaining({ code: 'RATCHET_EXHAUSTED', requirement: 'R9.1-03' }),
    );
    expect(snapshot(alice)).toBe(before);
    await commitBy(alice, [alice, bob, carol], { wireFormat: WireFormat.publicMessage });
    expect(await hear(bob, say(alice, 'again'))).toBe('again');
  });
});
