/**
 * The invariants under faults, on SQLite: one short race. `npm run attack` does the same for as long as one likes.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Deployment } from '../../src/deployment/deployment.ts';
import { SERVICE_FAULTS } from '../../src/history/faults.ts';
import { runHistory, type Verdict } from '../../src/history/run.ts';
import { describeInvariants } from './invariants.ts';

const EVENTS = 2_000;
const ACCEPTED = 200;

let deployment: Deployment;
let verdict: Verdict;

beforeAll(async () => {
  deployment = await Deployment.start({ replicas: 1 });
  verdict = await runHistory(deployment, {
    seed: Number(process.env['CANOPY_ATTACK_SEED'] ?? 20_261_123),
    clients: 3,
    groups: 2,
    faults: SERVICE_FAULTS,
    eventsBetweenFaults: 200,
    isOver: ({ events, accepted, faults }) =>
      events >= EVENTS && accepted >= ACCEPTED && faults >= SERVICE_FAULTS.length,
  });
}, 120_000);

afterAll(() => deployment.stop());

describe('races of clients on SQLite, while services are killed, frozen and started again', () => {
  describeInvariants(() => verdict);

  it('has met every kind of fault, and no service ended by itself', () => {
    const kinds = SERVICE_FAULTS.map(({ name }) => name);
    expect([...verdict.faults.keys()].toSorted()).toEqual(kinds.toSorted());
    expect(deployment.all().filter(({ crashes }) => crashes > 0)).toEqual([]);
  });
});
