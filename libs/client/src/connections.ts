/**
 * The three services, as stubs.
 *
 * @module
 */
import { authentication, connect, delivery, directory } from '@canopy/contract';

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

/** Opens channels to the services; connections are made when they are needed. */
export function openStubs(addresses: ServiceAddresses): Stubs {
  return {
    authentication: connect(authentication.AuthenticationServiceClient, {
      address: addresses.authentication,
    }),
    directory: connect(directory.KeyDirectoryServiceClient, { address: addresses.directory }),
    delivery: connect(delivery.DeliveryServiceClient, { address: addresses.delivery }),
  };
}

/** Closes the channels; calls that are under way fail. */
export function closeStubs(stubs: Stubs): void {
  stubs.authentication.close();
  stubs.directory.close();
  stubs.delivery.close();
}
