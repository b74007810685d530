/**
 * What is done to the services, and to what they stand on, while their clients race.
 *
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Choices } from '../choices.ts';
import type { ServiceProcess } from '../deployment/service-process.ts';
import type { World } from './world.ts';

/** One kind of fault. */
export interface Fault {
  readonly name: string;
  readonly weight: number;
  /** Does it and undoes it: afterwards what was there before is there again, but perhaps not ready yet. */
  inflict(world: World, choices: Choices): Promise<void>;
}

const FROZEN_MS = 400;

async function restart(replica: ServiceProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  await replica.kill(signal);
  await replica.startAgain();
}

async function freeze(replica: ServiceProcess): Promise<void> {
  replica.signal('SIGSTOP');
  await pause(FROZEN_MS);
  replica.signal('SIGCONT');
}

function onReplica(
  { name, weight }: Pick<Fault, 'name' | 'weight'>,
  act: (replica: ServiceProcess) => Promise<void>,
): Fault {
  return {
    name,
    weight,
    async inflict({ deployment }, choices) {
      const replica = choices.oneOf(deployment.all().filter(({ isRunning }) => isRunning));
      if (replica !== undefined) await act(replica);
    },
  };
}

/** Faults of the services themselves. */
export const SERVICE_FAULTS: readonly Fault[] = [
  onReplica({ name: 'SIGKILL', weight: 60 }, (replica) => restart(replica, 'SIGKILL')),
  onReplica({ name: 'SIGTERM', weight: 20 }, (replica) => restart(replica, 'SIGTERM')),
  onReplica({ name: 'SIGSTOP', weight: 20 }, freeze),
  {
    name: 'SIGKILL of every delivery service',
    weight: 10,
    async inflict({ deployment }) {
      const replicas = deployment.replicas('delivery-service').filter(({ isRunning }) => isRunning);
      await Promise.all(replicas.map((replica) => restart(replica, 'SIGKILL')));
    },
  },
];
