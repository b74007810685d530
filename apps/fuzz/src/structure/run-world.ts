/**
 * The life of a simulated group, from its founding to its last step.
 *
 * @module
 */

import type { Counts } from '../counts.ts';
import type { Watcher } from '../watcher.ts';
import { WorldError } from '../world-error.ts';
import { commit, order } from './actions/commit.ts';
import { arrive, enterByCommit } from './actions/enter.ts';
import { intrude } from './actions/intrude.ts';
import { decide, deliverOld, deliverSome, leak, redeliver } from './actions/network.ts';
import { askToJoin, proposeFromOutside } from './actions/outsiders.ts';
import { probe } from './actions/probe.ts';
import { propose } from './actions/propose.ts';
import { restart } from './actions/restart.ts';
import { foundSubgroup } from './actions/subgroup.ts';
import { settle } from './actions/settle.ts';
import { talk } from './actions/talk.ts';
import { checkDevice } from './invariants.ts';
import type { WorldOptions } from './settings.ts';
import { World } from './world.ts';

/** Something that happens in a world. */
export type Action = (world: World) => Promise<void> | void;

/** What can happen, with how often it does. */
export const actions: readonly (readonly [weight: number, name: string, act: Action])[] = [
  [20, 'talk', talk],
  [45, 'deliver', deliverSome],
  [5, 'redeliver', redeliver],
  [3, 'deliver again', deliverOld],
  [12, 'propose', propose],
  [4, 'propose from outside', proposeFromOutside],
  [2, 'ask to join', askToJoin],
  [12, 'commit', commit],
  [12, 'order', order],
  [5, 'decide', decide],
  [4, 'leak', leak],
  [8, 'arrive', arrive],
  [4, 'external Commit', enterByCommit],
  [6, 'restart', restart],
  [4, 'intrude', intrude],
  [3, 'probe', probe],
  [2, 'subgroup', foundSubgroup],
  [3, 'settle', settle],
];

/** What a world is made from. */
export interface WorldRequest {
  readonly seed: number;
  readonly options: WorldOptions;
  readonly actions: typeof actions;
}

/** Lets a world live. @throws WorldError for anything that must not be */
export async function runWorld(request: WorldRequest, counts: Counts, watcher: Watcher): Promise<void> {
  const world = await World.create(request.seed, request.options, counts);
  counts.add(`suite ${world.suite.id}`);
  const choices = request.actions.map(([weight, name, act]) => [weight, { name, act }] as const);
  try {
    while (world.step < world.settings.steps && !world.service.hasEnded && (await watcher.goesOn())) {
      world.step += 1;
      const { name, act } = world.choices.weighted(choices);
      await act(world);
      counts.add(`operation ${name}`);
      const somebody = world.choices.maybeOneOf(world.devices);
      if (somebody !== undefined) checkDevice(world, somebody);
    }
    await settle(world);
    if (world.service.hasEnded) await foundSubgroup(world);
  } catch (error) {
    throw new WorldError(error, world);
  }
}
