/**
 * The invariants under faults, on Redis in containers: two replicas of each service, on one server, on a Cluster of three masters
 * and three replicas, and behind Sentinels; masters are frozen, killed and replaced by their replicas.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Deployment } from '../../src/deployment/deployment.ts';
import { startStore, type AttackedStore, type StoreKind } from '../../src/deployment/store.ts';
import { SERVICE_FAULTS } from '../../src/history/faults.ts';
import { runHistory, type Verdict } from '../../src/history/run.ts';
import { describeInvariants } from '../history/invariants.ts';
import { describeWithEngine } from './engine.ts';

const ACCEPTED = 150;

const stores: readonly (readonly [StoreKind, string])[] = [
  ['redis', 'one Redis'],
  ['redis-cluster', 'a Redis Cluster of 3 masters and 3 replicas'],
  ['sentinel', 'Redis behind Sentinels'],
];

describeWithEngine('races of clients, while services and Redis are killed, frozen and started again', () => {
  describe.each(stores)('%s', (kind) => {
    let store: AttackedStore;
    let deployment: Deployment;
    let verdict: Verdict;

    beforeAll(async () => {
      store = await startStore(kind);
      deployment = await Deployment.start({ replicas: 2, settings: store.settings });
      const faults = [...store.faults, ...SERVICE_FAULTS];
      verdict = await runHistory(deployment, {
        seed: Number(process.env['CANOPY_ATTACK_SEED'] ?? 20_261_123),
        clients: 3,
        groups: 2,
        faults,
        eventsBetweenFaults: 150,
        isOver: ({ accepted, faults: inflicted }) => accepted >= ACCEPTED && inflicted >= faults.length,
      });
    }, 240_000);

    afterAll(async () => {
      await deployment.stop();
      await store.stop();
    }, 60_000);

    describeInvariants(() => verdict);

    it('has met every kind of fault, and no service ended by itself', () => {
      const kinds = [...store.faults, ...SERVICE_FAULTS].map(({ name }) => name);
      expect([...verdict.faults.keys()].toSorted()).toEqual(kinds.toSorted());
      expect(deployment.all().filter(({ crashes }) => crashes > 0)).toEqual([]);
    });
  });
});
