/**
 * Damaged bytes for everything that reads bytes.
 *
 * @module
 */

import type { Counts } from '../counts.ts';
import { find } from '../finding.ts';
import { commit, order } from '../structure/actions/commit.ts';
import { arrive } from '../structure/actions/enter.ts';
import { deliverSome } from '../structure/actions/network.ts';
import { propose } from '../structure/actions/propose.ts';
import { settle } from '../structure/actions/settle.ts';
import { talk } from '../structure/actions/talk.ts';
import type { Action, WorldRequest } from '../structure/run-world.ts';
import { World } from '../structure/world.ts';
import type { Watcher } from '../watcher.ts';
import { WorldError } from '../world-error.ts';
import { collect } from './corpus.ts';
import { shuffleNodes } from './shuffle.ts';
import { decodersOf } from './decoders.ts';
import {
  damageDecoder,
  damageGroupInfo,
  damageKeyPackage,
  damageMessages,
  damageWelcome,
} from './targets.ts';

const MEMBERS = 5;
const STEPS = 400;

/** Offers damaged bytes to everything that reads bytes. @throws WorldError for anything that must not be */
export async function runBytes(
  { seed, options }: Pick<WorldRequest, 'seed' | 'options'>,
  counts: Counts,
  watcher: Watcher,
): Promise<void> {
  const members = Math.max(3, options.members ?? MEMBERS);
  const world = await World.create(seed, { ...options, members, steps: options.steps ?? STEPS }, counts);
  try {
    await grow(world);
    await damage(world, watcher);
    await settle(world);
  } catch (error) {
    throw new WorldError(error, world);
  }
}

const growing: readonly Action[] = [commit, order, arrive, talk, propose, deliverSome];

/** Lets a group come into being that has had a little of everything. */
async function grow(world: World): Promise<void> {
  for (let round = 0; round < 200; round++) {
    for (const act of growing) await act(world);
    if (round % 5 === 4) await settle(world);
    if (round >= 10 && world.active.length >= 3) break;
  }
  if (world.active.length < 2) find('a group that does not grow');
}

async function damage(world: World, watcher: Watcher): Promise<void> {
  const [device] = world.active;
  if (device === undefined) return;
  const corpus = await collect(world, device);
  const decoders = decodersOf(corpus);
  const targets = [
    [60, (): Promise<void> => damageDecoder(world, decoders)],
    [4, (): Promise<void> => shuffleNodes(world, corpus.nodes)],
    [6, damageMessages],
    [4, damageWelcome],
    [4, damageGroupInfo],
    [4, damageKeyPackage],
  ] as const;
  while (world.step < world.settings.steps && !world.service.hasEnded && (await watcher.goesOn())) {
    world.step += 1;
    await world.choices.weighted(targets)(world);
  }
}
