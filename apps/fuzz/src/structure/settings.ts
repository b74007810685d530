/**
 * What is different from world to world.
 *
 * @module
 */

import { defaultPolicy, type Padding, type Policy } from '@canopy/mls';
import type { Choices } from '../choices.ts';

/** What a run can fix for all of its worlds. */
export interface WorldOptions {
  readonly members: number | undefined;
  readonly suite: number | undefined;
  readonly steps: number | undefined;
}

/** What one world is like. */
export interface Settings {
  readonly suite: number;
  readonly steps: number;
  /** How many members the group has at most. */
  readonly members: number;
  /** How many of a hundred messages are lost at first, come twice, or come with a damaged twin. */
  readonly loss: number;
  readonly duplication: number;
  readonly damage: number;
  /** How far before its turn a message may be looked at. */
  readonly reorder: number;
  /** How many of a hundred handshake messages are PublicMessages. */
  readonly publicHandshakes: number;
  /** The same for all members. */
  readonly shared: Pick<Policy, 'allowNewMemberProposals' | 'resumptionPsks' | 'commitBeforeApplicationData'>;
}

/** The most members of a simulated group. */
export const MOST_MEMBERS = 20;

/** Chooses what a world is like. */
export function chooseSettings(choices: Choices, options: WorldOptions): Settings {
  const suite = choices.weighted([
    [60, 1],
    [8, 2],
    [8, 3],
    [6, 4],
    [6, 5],
    [6, 6],
    [6, 7],
  ] as const);
  const members = choices.weighted([
    [1, 2],
    [2, 4],
    [4, 8],
    [3, MOST_MEMBERS],
  ] as const);
  const steps = choices.between(150, 400);
  return {
    suite: options.suite ?? suite,
    members: options.members ?? members,
    steps: options.steps ?? steps,
    loss: choices.oneOf([0, 5, 20]),
    duplication: choices.oneOf([0, 5, 15]),
    damage: choices.oneOf([0, 3, 10]),
    reorder: choices.oneOf([1, 8, 8, 40]),
    publicHandshakes: choices.oneOf([0, 50, 50, 100]),
    shared: {
      allowNewMemberProposals: choices.chance(70),
      resumptionPsks: choices.oneOf([0, 2, 5]),
      commitBeforeApplicationData: choices.chance(80),
    },
  };
}

/** Chooses the policy of one member. */
export function choosePolicy(choices: Choices, { shared }: Settings): Policy {
  const tight = choices.chance(25);
  return {
    ...defaultPolicy,
    ...shared,
    pastEpochs: choices.oneOf([0, 1, 3, 3, 8]),
    maximumForwardSteps: tight ? choices.between(1, 5) : 1000,
    maximumSkippedKeys: tight ? choices.between(0, 3) : 1000,
    padding: choosePadding(choices),
  };
}

function choosePadding(choices: Choices): Padding {
  return choices.oneOf<Padding>([
    { kind: 'none' },
    { kind: 'block', size: 32 },
    { kind: 'block', size: choices.between(1, 500), limit: 700 },
    { kind: 'padme' },
    { kind: 'padme', limit: 600 },
  ]);
}
