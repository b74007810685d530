/**
 * Plays the scenario: every library in every setting, in turns, so that what disturbs the machine disturbs all alike.
 *
 * @module
 */

import type { Peer } from '../peers/peer.ts';
import { Cast } from '../stage/cast.ts';
import { Stage } from '../stage/stage.ts';
import type { Block } from './block.ts';
import { Company } from './company.ts';
import { entryBlocks } from './entry-blocks.ts';
import { collectGarbage, collectYoungGarbage } from './memory.ts';
import { Patience } from './patience.ts';
import { Player, type Rules } from './player.ts';
import { nameOf, type Found, type ScenarioOptions, type Setting } from './scenario.ts';
import { shapesOf } from './shapes.ts';
import { warmBlocks } from './warm-blocks.ts';

/**
 * Plays the scenario. A library that fails or lacks something is left out there, with the reason; an error of Canopy ends
 * the run.
 */
export async function* runScenario(options: ScenarioOptions): AsyncGenerator<Found> {
  const patience = new Patience(options.maximumSeconds);
  const casts = new Map<number, Cast>();
  for (const setting of options.settings) {
    const cast = casts.get(setting.suite) ?? new Cast(setting.suite);
    casts.set(setting.suite, cast);
    yield { kind: 'setting', setting };
    // Only here: code that runs right after a full collection is slow for a while, and the fast suffer most.
    collectGarbage();
    yield* playSetting(new Stage(cast, setting.members), setting, { options, patience });
  }
}

interface Run {
  readonly options: ScenarioOptions;
  readonly patience: Patience;
}

async function* playSetting(stage: Stage, setting: Setting, run: Run): AsyncGenerator<Found> {
  for await (const shape of shapesOf(stage, setting)) yield { kind: 'shape', shape };
  const players: Player[] = [];
  for (const peer of playersOf(setting, run.options)) {
    if (peer.suites.includes(setting.suite)) {
      players.push(new Player(new Company(peer, stage), setting, rulesFor(peer, setting, run)));
    } else if (!run.options.canopies.includes(peer)) {
      yield withoutSuite(peer, setting);
    }
  }
  for (const player of players) yield* player.begin();
  yield* playCycles(players, setting);
}

async function* playCycles(players: readonly Player[], setting: Setting): AsyncGenerator<Found> {
  for (let cycle = 0; players.some((player) => !player.isDone); cycle++) {
    for (const player of rotated(players, cycle)) {
      collectYoungGarbage();
      yield* player.turn();
    }
    yield { kind: 'cycle', setting, cycle };
  }
}

function playersOf({ players }: Setting, { canopies, peers }: ScenarioOptions): readonly Peer[] {
  return players === 'all' ? [...canopies, ...peers] : canopies;
}

function rulesFor(peer: Peer, setting: Setting, { options, patience }: Run): Rules {
  const { canopies, secondsPerLibrary } = options;
  return {
    blocks: blocksFor(setting),
    secondsPerLibrary,
    mayFail: !canopies.includes(peer),
    patience,
  };
}

function blocksFor({ members, trees }: Setting): readonly Block[] {
  return [...entryBlocks, ...warmBlocks].filter(
    ({ tree, fewest }) => trees.includes(tree) && members >= fewest,
  );
}

function withoutSuite(peer: Peer, { members, suite }: Setting): Found {
  const reason = `cipher suite ${suite} is not offered`;
  return { kind: 'left-out', leftOut: { name: 'all', members, suite, peer: nameOf(peer), reason } };
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
