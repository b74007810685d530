/**
 * The other libraries, and which of them are there.
 *
 * @module
 */

import type { BackEndName } from '@canopy/crypto';

import type { PeerKey } from './arguments.ts';
import { createCanopy } from './peers/canopy.ts';
import { createCoreCrypto } from './peers/core-crypto.ts';
import type { CoreCryptoModule } from './peers/core-crypto-bindings.ts';
import { installPeers, loadPeer, type Installation } from './peers/load.ts';
import { createMlsTs } from './peers/mls-ts.ts';
import type { MlsTsModule } from './peers/mls-ts-bindings.ts';
import type { Peer } from './peers/peer.ts';
import { loadTsMlsNext, loadTsMlsStable } from './peers/ts-mls.ts';
import { reasonOf } from './reason.ts';

/** A library that could not be loaded. */
export interface AbsentPeer {
  readonly key: PeerKey | `canopy-${BackEndName}`;
  readonly reason: string;
}

/** The libraries of a run. */
export interface LoadedPeers {
  readonly peers: readonly Peer[];
  readonly absent: readonly AbsentPeer[];
}

/** Where libraries come from. */
export interface Sources {
  install(say: (line: string) => void): Promise<Installation>;
  readonly loaders: Readonly<Record<PeerKey, () => Promise<Peer>>>;
}

const loaders: Sources['loaders'] = {
  'ts-mls': loadTsMlsStable,
  'ts-mls-next': loadTsMlsNext,
  'core-crypto': async () => {
    const { module, version } = await loadPeer<CoreCryptoModule>('@wireapp/core-crypto/native');
    return createCoreCrypto(module, version);
  },
  'mls-ts': async () => {
    const { module, version } = await loadPeer<MlsTsModule>('mls-ts');
    return createMlsTs(module, version);
  },
};

/** Gives Canopy on each back end that is there. @throws Error when none of those asked for is */
export function loadCanopies(
  backEnds: readonly BackEndName[],
  create: (backEnd: BackEndName) => Peer = createCanopy,
): LoadedPeers {
  const peers: Peer[] = [];
  const absent: AbsentPeer[] = [];
  for (const backEnd of backEnds) {
    try {
      peers.push(create(backEnd));
    } catch (error) {
      if (backEnds.length === 1) throw error;
      absent.push({ key: `canopy-${backEnd}`, reason: reasonOf(error) });
    }
  }
  return { peers, absent };
}

/** Installs what is missing and loads the libraries that are asked for; tells what it does. */
export async function loadPeers(
  keys: readonly PeerKey[],
  say: (line: string) => void,
  sources: Sources = { install: installPeers, loaders },
): Promise<LoadedPeers> {
  if (keys.length === 0) return { peers: [], absent: [] };
  const installation = await sources.install(say);
  const peers: Peer[] = [];
  const absent: AbsentPeer[] = [];
  for (const key of keys) {
    try {
      peers.push(await sources.loaders[key]());
    } catch (error) {
      const reason = whyAbsent(installation, error);
      absent.push({ key, reason });
      say(`${key} is left out: ${reason}`);
    }
  }
  return { peers, absent };
}

function whyAbsent(installation: Installation, error: unknown): string {
  if (installation.kind === 'missing') return `not installed: ${installation.reason}`;
  return `it does not load: ${reasonOf(error)}`;
}
