import { beforeAll, describe, expect, it } from '@jest/globals';

import { Group } from '../../src/group/group.ts';
import { readState } from '../../src/group/records/read-state.ts';
import type { StateRecord } from '../../src/group/records/record.ts';
import { recordsOf } from '../../src/group/records/record-changes.ts';
import { WireFormat } from '../../src/registries.ts';
import { nodeOfLeaf, toLeafIndex } from '../../src/tree/math.ts';
import {
  choices,
  commitBy,
  empty,
  expectConversation,
  groupOf,
  hear,
  openDoors,
  receive,
  refusal,
  say,
  snapshot,
  trio,
  type Peer,
} from '../parties.ts';
import { plainState } from './record-store.ts';

const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty } as const;

/** A member with records of every kind. */
async function rich(): Promise<Peer> {
  const [alice, bob, carol] = await trio();
  await expectConversation([alice, bob, carol]);
  await commitBy(alice, [alice, bob, carol]);
  const [, second] = [say(alice, 'skipped'), say(alice, 'heard')];
  await hear(bob, second);
  await receive(bob, await alice.group.proposeUpdate(framing));
  await receive(alice, await bob.group.proposeUpdate(framing));
  return bob;
}

let peer: Peer;
let records: readonly StateRecord[];

beforeAll(async () => {
  peer = await rich();
  records = recordsOf(peer.group.state);
});

const renamed = (from: RegExp, to: string): readonly StateRecord[] =>
  records.map(({ key, value }) => ({ key: key.replace(from, to), value }));
const without = (pattern: RegExp): readonly StateRecord[] => records.filter(({ key }) => !pattern.test(key));
const withMore = (key: string, like: RegExp): readonly StateRecord[] => {
  const model = records.find((record) => like.test(record.key));
  if (model === undefined) throw new Error('a record to copy expected');
  return [...records, { key, value: model.value }];
};

describe('a state that is read from records', () => {
  it('is the same in whatever order they come', () => {
    const pick = choices(3);
    const shuffled = records
      .map((record) => ({ record, place: pick(2 ** 30) }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ record }) => record);
    expect(plainState(readState(shuffled))).toBe(plainState(peer.group.state));
    expect(new Set(records.map(({ key }) => key.split('/')[0]))).toEqual(
      new Set(['meta', 'node', 'key', 'proposal', 'update', 'past', 'resumption', 'secrets']),
    );
  });

  it('has bytes of its own: what it overwrites stays as it is in the records', async () => {
    const [alice, bob] = await groupOf(['alice', 'bob']);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const kept = recordsOf(bob.group.state);
    const copies = kept.map(({ key, value }) => ({ key, value: Uint8Array.from(value) }));
    const again: Peer = { party: bob.party, group: Group.restore(kept, bob.party.options) };
    await hear(again, say(alice, 'hello'));
    await commitBy(again, [again, alice]);
    expect(kept).toEqual(copies);
  });

  it('shares unchanged places with the past trees that are read with it', () => {
    const { tree, pastEpochs } = readState(records);
    const [past] = pastEpochs;
    expect(past?.tree.root).not.toBe(tree.root);
    const carol = nodeOfLeaf(toLeafIndex(2));
    expect(past?.tree.slot(carol)).toBe(tree.slot(carol));
  });

  it('has nothing new to store before something has happened', () => {
    const group = Group.restore(records, openDoors);
    expect(group.takeChanges()).toEqual([]);
    expect(group.takeChanges()).toEqual([]);
    expect(snapshot({ party: peer.party, group })).toBe(snapshot(peer));
  });
});

describe('records are refused', () => {
  it.each<readonly [string, () => readonly StateRecord[]]>([
    ['without meta', () => without(/^meta$/)],
    ['of an unknown kind', () => withMore('other/1', /^key/)],
    ['with a node outside of the tree', () => withMore('node/7', /^node\/0/)],
    ['with a leaf in the place of a parent', () => renamed(/^node\/4$/, 'node/5')],
    ['without the right half of the tree', () => without(/^node\/[456]$/)],
    ['with a key of a node outside of the tree', () => renamed(/^key\/2$/, 'key/2000')],
    ['with a key of no node', () => renamed(/^key\/2$/, 'key/x')],
    ['with a number in two spellings', () => renamed(/^key\/2$/, 'key/02')],
    ['with a gap in a list', () => without(/^proposal\/0$/)],
    ['with an epoch under the key of another', () => renamed(/^past\/1$/, 'past/0')],
    ['with a resumption PSK under the key of another', () => renamed(/^resumption\/1$/, 'resumption/9')],
    ['with secrets of an epoch that is not kept', () => renamed(/^secrets\/1\//, 'secrets/77/')],
    ['with secrets of no epoch', () => renamed(/^secrets\/1\//, 'secrets//')],
    ['with an unknown secret', () => withMore('secrets/2/other/1', /^key/)],
    ['with a secret outside of the tree', () => withMore('secrets/2/node/99', /^key/)],
    ['with a ratchet of nobody', () => withMore('secrets/2/ratchet/4/handshake', /ratchet/)],
    ['with a ratchet of an unknown kind', () => withMore('secrets/2/ratchet/0/other', /ratchet/)],
    ['with one ratchet of a sender', () => without(/^secrets\/2\/ratchet\/0\/handshake/)],
    ['with a skipped key and no ratchet', () => without(/^secrets\/2\/ratchet\/0\//)],
    [
      'with a skipped key of no generation',
      () => withMore('secrets/2/skipped/0/application/4294967296', /skipped/),
    ],
  ])('%s', (_what, made) => {
    const bad = made();
    expect(bad.map(({ key }) => key)).not.toEqual(records.map(({ key }) => key));
    expect(() => readState(bad)).toThrow(refusal('INVALID_STATE'));
  });

  it.each([0, 1, 3, 255])('of version %i', (version) => {
    const bad = records.map(({ key, value }) => ({
      key,
      value: key === 'meta' ? Uint8Array.of(version, ...value.subarray(1)) : value,
    }));
    expect(() => readState(bad)).toThrow(refusal('UNSUPPORTED_STATE_VERSION'));
  });
});
