import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

import { loadCanopies, loadPeers, type Sources } from '../../src/catalogue.ts';
import type { Installation } from '../../src/peers/load.ts';
import type { Peer } from '../../src/peers/peer.ts';

function fakePeer(name: string): Peer {
  return {
    name,
    version: '1.0.0',
    suites: [1],
    treeOfWelcome: 'beside',
    memory: 'heap',
    createClient: () => Promise.reject(new Error('not asked for')),
  };
}

function sourcesOf(installation: Installation, more: Partial<Sources['loaders']> = {}): Sources {
  return {
    install: () => Promise.resolve(installation),
    loaders: {
      'ts-mls': load('ts-mls'),
      'ts-mls-next': load('ts-mls'),
      'core-crypto': load('core-crypto'),
      'mls-ts': load('mls-ts'),
      ...more,
    },
  };
}

const here = fileURLToPath(import.meta.url);
const load = (name: string) => () => Promise.resolve(fakePeer(name));
const fail = (message: string) => () => Promise.reject<Peer>(new Error(message));

describe('the libraries of a run', () => {
  it('are those that are asked for', async () => {
    const { peers, absent } = await loadPeers(
      ['core-crypto', 'mls-ts'],
      () => {},
      sourcesOf({ kind: 'installed' }),
    );
    expect(peers.map(({ name }) => name)).toEqual(['core-crypto', 'mls-ts']);
    expect(absent).toEqual([]);
  });

  it('are loaded without one that cannot be, which is named with its error, but with no path of the machine', async () => {
    const said: string[] = [];
    const sources = sourcesOf(
      { kind: 'installed' },
      { 'core-crypto': fail(`cannot open ${here}\nRequire stack`) },
    );
    const { peers, absent } = await loadPeers(['core-crypto', 'mls-ts'], (line) => said.push(line), sources);
    expect(peers.map(({ name }) => name)).toEqual(['mls-ts']);
    const reason = 'it does not load: cannot open catalogue.test.ts';
    expect(absent).toEqual([{ key: 'core-crypto', reason }]);
    expect(said).toEqual([`core-crypto is left out: ${reason}`]);
  });

  it('are named with the reason of the installation when that failed', async () => {
    const sources = sourcesOf({ kind: 'missing', reason: 'no network' }, { 'mls-ts': fail('not found') });
    const { absent } = await loadPeers(['mls-ts'], () => {}, sources);
    expect(absent).toEqual([{ key: 'mls-ts', reason: 'not installed: no network' }]);
  });

  it('are not even installed when none is asked for', async () => {
    const sources: Sources = {
      ...sourcesOf({ kind: 'installed' }),
      install: () => Promise.reject(new Error('asked to install')),
    };
    expect(await loadPeers([], () => {}, sources)).toEqual({ peers: [], absent: [] });
  });
});

const createWithoutSodium = (backEnd: string): Peer => {
  if (backEnd === 'sodium') throw new Error('sodium-native is not installed');
  return fakePeer(backEnd);
};

describe('Canopy in a run', () => {
  it('is there on both back ends, with the suites that each computes', () => {
    const { peers, absent } = loadCanopies(['node', 'sodium']);
    expect(absent).toEqual([]);
    expect(peers.map(({ name, version, suites }) => [name, version.replace(/.* /, ''), suites])).toEqual([
      ['canopy', '(node:crypto)', [1, 2, 3, 4, 5, 6, 7]],
      ['canopy', '(sodium-native)', [1, 3]],
    ]);
  });

  it('goes without a back end that is not installed, and says why', () => {
    const { peers, absent } = loadCanopies(['node', 'sodium'], createWithoutSodium);
    expect(peers.map(({ name }) => name)).toEqual(['node']);
    expect(absent).toEqual([{ key: 'canopy-sodium', reason: 'sodium-native is not installed' }]);
  });

  it('does not run on another back end than the one that is asked for', () => {
    expect(() => loadCanopies(['sodium'], createWithoutSodium)).toThrow('not installed');
  });
});
