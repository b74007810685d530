/**
 * The three services, as stubs.
 *
 * @module
 */
import { authentication, connect, delivery, directory, type ConnectOptions } from '@canopy/contract';

/** Where the services are, each as `host:port`. */
export interface ServiceAddresses {
  readonly authentication: string;
  readonly directory: string;
  readonly delivery: string;
}

/** The stubs of the three services. */
export interface Stubs {
  readonly authentication: authentication.AuthenticationServiceClient;
  readonly directory: directory.KeyDirectoryServiceClient;
  readonly delivery: delivery.DeliveryServiceClient;
}

/** How the services show that they are the right ones: certificates to trust, or those of the system; absent for the clear. */
export type ServiceTls = ConnectOptions['tls'];

/** Opens channels to the services; connections are made when they are needed. */
export function openStubs(addresses: ServiceAddresses, tls?: ServiceTls): Stubs {
  const security = tls === undefined ? {} : { tls };
  const to = (address: string): ConnectOptions => ({ address, ...security });
  return {
    authentication: connect(authentication.AuthenticationServiceClient, to(addresses.authentication)),
    directory: connect(directory.KeyDirectoryServiceClient, to(addresses.directory)),
    delivery: connect(delivery.DeliveryServiceClient, to(addresses.delivery)),
  };
}

/** Closes the channels; calls that are under way fail. */
export function closeStubs(stubs: Stubs): void {
  stubs.authentication.close();
  stubs.directory.close();
  stubs.delivery.close();
}
