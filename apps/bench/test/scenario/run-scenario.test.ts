import { describe, expect, it } from '@jest/globals';

import { operationNames, type OperationName } from '../../src/operations.ts';
import { createCanopy } from '../../src/peers/canopy.ts';
import { NotOffered } from '../../src/peers/peer.ts';
import { changedPeer, inTree, measuredOf, play, settingOf } from './play.ts';

const outsideOfWarm: readonly OperationName[] = ['key-package', 'create-group'];
const warmOperations = operationNames.filter((name) => !outsideOfWarm.includes(name));
const allOf = (members: number): readonly string[] =>
  [
    ...inTree('fresh', ['key-package', 'create-group', 'join', 'commit-create', 'commit-process-far']),
    ...inTree(
      'warm',
      members < 3 ? warmOperations.filter((name) => name !== 'commit-process-far') : warmOperations,
    ),
    ...inTree('unmerged', members < 3 ? [] : ['join']),
  ].toSorted();

const refuse = (what: string) => (): Promise<never> => Promise.reject(new NotOffered(what));
const fail = (what: string) => (): Promise<never> => Promise.reject(new Error(what));

const reasonsOf = async (
  peer: ReturnType<typeof changedPeer>,
  members = 4,
): Promise<Record<string, string>> => {
  const { samples, leftOut } = await play([settingOf(members)], { peers: [peer] });
  expect(measuredOf(samples, 'canopy ')).toEqual(allOf(members));
  const reasons = Object.fromEntries(leftOut.map(({ tree, name, reason }) => [`${tree} ${name}`, reason]));
  // Whatever a library is asked for is either measured or left out.
  const missing = allOf(members).filter((name) => !(name in reasons));
  expect(measuredOf(samples, peer.name)).toEqual(missing);
  expect(leftOut.every((one) => one.peer.startsWith(`${peer.name} `) && one.members === members)).toBe(true);
  return reasons;
};

describe('the scenario', () => {
  it.each([2, 3, 10])('measures every operation and size of Canopy with %d members', async (members) => {
    const { samples, leftOut, all } = await play([settingOf(members)]);
    expect(leftOut).toEqual([]);
    expect(measuredOf(samples, 'canopy ')).toEqual(allOf(members));
    expect(samples.filter(({ nanoseconds }) => nanoseconds <= 0n)).toEqual([]);
    expect(new Set(samples.map((sample) => sample.members))).toEqual(new Set([members]));
    const sizes = all.flatMap((found) => (found.kind === 'size' ? [found.size] : []));
    expect(sizes.map(({ tree, name }) => `${tree} ${name}`).toSorted()).toEqual([
      ...inTree('fresh', ['commit', 'welcome']),
      ...inTree('warm', ['commit', 'tree', 'welcome']),
    ]);
    for (const { bytes } of sizes) expect(bytes).toBeGreaterThan(100);
  });

  it('plays as many cycles as are asked for, all libraries in each', async () => {
    const twin = changedPeer('twin', {});
    const { all } = await play([settingOf(3, { cycles: 3 })], { peers: [twin] });
    const turns = all.flatMap((found): readonly string[] => {
      if (found.kind === 'cycle') return ['|'];
      const isLoad = found.kind === 'sample' && found.sample.operation === 'load';
      return isLoad ? found.sample.peer.split(' ', 1) : [];
    });
    expect(turns.join(' ')).toBe('canopy twin | twin canopy | canopy twin |');
  });

  it('stops when the time of a library is up and there are enough samples', async () => {
    const setting = settingOf(2, { trees: ['warm'], cycles: 21 });
    const { samples } = await play([setting], { secondsPerLibrary: 0 });
    const plays = samples.filter(({ operation }) => operation === 'load').length;
    expect([3, 6, 20]).toContain(plays);
    const { samples: all } = await play([setting]);
    expect(all.filter(({ operation }) => operation === 'load')).toHaveLength(21);
  });

  it('measures only the trees that are asked for', async () => {
    const { samples } = await play([settingOf(3, { trees: ['unmerged'] })]);
    expect(measuredOf(samples, 'canopy ')).toEqual(['unmerged join']);
  });

  it('plays Canopy on both back ends, on libsodium only in suites that it has', async () => {
    const canopies = [createCanopy('node'), createCanopy('sodium')];
    const settings = [settingOf(2), settingOf(2, { suite: 2 })];
    const { samples, leftOut } = await play(settings, { canopies });
    const suitesOf = (backEnd: string): Set<number> =>
      new Set(samples.filter(({ peer }) => peer.endsWith(`(${backEnd})`)).map(({ suite }) => suite));
    expect(suitesOf('node:crypto')).toEqual(new Set([1, 2]));
    expect(suitesOf('sodium-native')).toEqual(new Set([1]));
    expect(leftOut).toEqual([]);
  });

  it('plays groups for Canopy alone without the others', async () => {
    const { samples } = await play([settingOf(2, { players: 'canopy' })], {
      peers: [changedPeer('twin', {})],
    });
    expect(measuredOf(samples, 'twin')).toEqual([]);
    expect(measuredOf(samples, 'canopy ')).toEqual(allOf(2));
  });
});

describe('a library in the scenario', () => {
  it('is left out of what it does not offer, with its reason', async () => {
    const peer = changedPeer('forgetful', {
      member: () => ({ load: refuse('no way to load'), groupInfo: refuse('no GroupInfo') }),
    });
    expect(await reasonsOf(peer)).toEqual({
      'warm load': 'no way to load',
      'warm external-join': 'no GroupInfo',
      'warm external-join-process': 'no GroupInfo',
    });
  });

  it('is left out of the block that it fails in, and enters anew for the others', async () => {
    const peer = changedPeer('clumsy', {
      member: (own) => ({
        proposeAdd: async (keyPackage) => {
          await own.commit({});
          return own.proposeAdd(keyPackage);
        },
      }),
    });
    const reasons = await reasonsOf(peer);
    expect(Object.keys(reasons)).toEqual([
      'warm commit-10-references-create',
      'warm commit-10-references-process',
    ]);
    expect(reasons['warm commit-10-references-create']).not.toBe('');
  });

  it('gives no figures when its members have lost each other', async () => {
    let authenticators = 0;
    const peer = changedPeer('lost', {
      member: () => ({ epochAuthenticator: () => Promise.resolve(Uint8Array.of(authenticators++)) }),
    });
    const reasons = await reasonsOf(peer);
    expect(Object.keys(reasons).toSorted()).toEqual(allOf(4).filter((name) => name !== 'fresh key-package'));
    expect(reasons['warm commit-create']).toContain('epoch authenticators differ');
  });

  it('gives no figures for messages that come out changed', async () => {
    const peer = changedPeer('garbling', {
      member: (own) => ({ process: async (message) => (await own.process(message))?.toReversed() }),
    });
    expect(Object.keys(await reasonsOf(peer))).toEqual([
      'warm protect-100',
      'warm unprotect-100',
      'warm protect-10240',
      'warm unprotect-10240',
    ]);
  });

  it('is left out of the warm tree when it cannot enter', async () => {
    const peer = changedPeer('shy', { client: () => ({ join: fail('it dares not') }) });
    const reasons = await reasonsOf(peer);
    expect(new Set(Object.values(reasons))).toEqual(new Set(['it dares not']));
    expect(Object.keys(reasons).toSorted()).toEqual(allOf(4).filter((name) => name !== 'fresh key-package'));
  });

  it('is left out of bigger groups for what took it too long', async () => {
    const settings = [settingOf(2, { trees: ['fresh'] }), settingOf(3, { trees: ['fresh'] })];
    const peers = [changedPeer('slow', {})];
    const { samples, leftOut } = await play(settings, { peers, maximumSeconds: 0 });
    const membersOf = (peer: string): Set<number> =>
      new Set(samples.filter((sample) => sample.peer.startsWith(peer)).map(({ members }) => members));
    expect(membersOf('slow')).toEqual(new Set([2]));
    expect(membersOf('canopy')).toEqual(new Set([2, 3]));
    expect(leftOut.map(({ name, members }) => `${name} ${members}`)).toEqual([
      'key-package 3',
      'create-group 3',
      'join 3',
      'commit-create 3',
      'commit-process-far 3',
    ]);
    for (const { reason } of leftOut) expect(reason).toMatch(/ s with 2 members$/);
  });

  it('is left out of suites that it does not have', async () => {
    const peers = [{ ...changedPeer('narrow', {}), suites: [2, 3] }];
    const { samples, leftOut } = await play([settingOf(2)], { peers });
    expect(measuredOf(samples, 'narrow')).toEqual([]);
    expect(leftOut.map(({ name, reason }) => [name, reason])).toEqual([
      ['all', 'cipher suite 1 is not offered'],
    ]);
  });

  it('ends the run when it is Canopy that fails', async () => {
    const canopy = changedPeer('canopy', { member: () => ({ protect: fail('broken') }) });
    await expect(play([settingOf(2)], { canopies: [canopy] })).rejects.toThrow('broken');
  });
});
