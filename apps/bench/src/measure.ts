/**
 * Measures: loads the libraries, plays the scenario, and gives the result.
 *
 * @module
 */

import { MOST_MEMBERS_FOR_ALL, type MeasureOptions } from './arguments.ts';
import { Campaign } from './campaign.ts';
import { loadCanopies, loadPeers } from './catalogue.ts';
import { prepareFloor } from './floor/prepare-floor.ts';
import { describeMachine } from './machine.ts';
import type { BenchmarkResult, LeftOut } from './operations.ts';
import { Progress, type Output } from './progress.ts';
import { runScenario } from './scenario/run-scenario.ts';
import { nameOf, type Setting } from './scenario/scenario.ts';

const TOO_BIG = `above ${MOST_MEMBERS_FOR_ALL} members only Canopy and the floor are measured`;

/** Measures what is asked for; tells on the output where it is. */
export async function measure(options: MeasureOptions, output: Output): Promise<BenchmarkResult> {
  const { peers: canopies, absent: absentCanopies } = loadCanopies(options.backEnds);
  const { settings, maximumSeconds, secondsPerLibrary } = options;
  const { peers, absent } = await loadPeers(options.peers, (line) => output.write(`${line}\n`));
  const watcher = new Progress(settings, output, () => performance.now());
  const campaign = new Campaign(options.operations, {
    prepareFloor,
    now: () => process.hrtime.bigint(),
    watcher,
  });
  const scenario = { canopies, peers, settings, secondsPerLibrary, maximumSeconds };
  const { operations, sizes, leftOut } = await campaign.run(runScenario(scenario));
  watcher.end();
  return {
    machine: describeMachine([...canopies, ...peers].map(nameOf)),
    operations,
    sizes,
    leftOut: [
      ...[...absentCanopies, ...absent].flatMap(({ key, reason }) =>
        leaveOut(key, settingsOf(settings, 'all'), reason),
      ),
      ...peers.flatMap((peer) => leaveOut(nameOf(peer), settingsOf(settings, 'canopy'), TOO_BIG)),
      ...leftOut,
    ],
  };
}

function settingsOf(settings: readonly Setting[], players: Setting['players']): readonly Setting[] {
  return settings.filter((setting) => setting.players === players);
}

function leaveOut(peer: string, settings: readonly Setting[], reason: string): readonly LeftOut[] {
  return settings.map(({ members, suite }) => ({ name: 'all', members, suite, peer, reason }));
}
