/**
 * Connections to every replica of every service.
 *
 * @module
 */
import { authentication, connect, delivery, directory } from '@canopy/contract';
import type { Deployment } from '../deployment/deployment.ts';

/** Clients of each service, one a replica. */
export interface Stubs {
  readonly authentication: readonly authentication.AuthenticationServiceClient[];
  readonly admin: readonly authentication.AuthenticationAdminServiceClient[];
  readonly directory: readonly directory.KeyDirectoryServiceClient[];
  readonly delivery: readonly delivery.DeliveryServiceClient[];
}

/** Opens channels to all replicas; connections are made when they are needed. */
export function openStubs(deployment: Pick<Deployment, 'addresses'>): Stubs {
  const authenticationAt = deployment.addresses('authentication-service');
  return {
    authentication: authenticationAt.map((address) =>
      connect(authentication.AuthenticationServiceClient, { address }),
    ),
    admin: authenticationAt.map((address) =>
      connect(authentication.AuthenticationAdminServiceClient, { address }),
    ),
    directory: deployment
      .addresses('key-directory')
      .map((address) => connect(directory.KeyDirectoryServiceClient, { address })),
    delivery: deployment
      .addresses('delivery-service')
      .map((address) => connect(delivery.DeliveryServiceClient, { address })),
  };
}

/** Closes all channels. */
export function closeStubs(stubs: Stubs): void {
  for (const one of [...stubs.authentication, ...stubs.admin, ...stubs.directory, ...stubs.delivery])
    one.close();
}

/** Gives the client of a replica, by a number that goes round. */
export function replicaOf<T>(clients: readonly T[], number = 0): T {
  const client = clients[number % clients.length];
  if (client === undefined) throw new RangeError('a service without replicas');
  return client;
}
