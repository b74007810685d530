/**
 * The three services, and the token that each call takes.
 *
 * @module
 */
import type { AttackedService } from './describe-service.ts';

export const DELIVERY: AttackedService = {
  name: 'delivery-service',
  protoPackage: 'canopy.delivery.v1',
  tokenFor: (_, { tokens }) => tokens.delivery,
};

export const DIRECTORY: AttackedService = {
  name: 'key-directory',
  protoPackage: 'canopy.directory.v1',
  tokenFor: (_, { tokens }) => tokens.directory,
};

export const AUTHENTICATION: AttackedService = {
  name: 'authentication-service',
  protoPackage: 'canopy.authentication.v1',
  tokenFor: ({ service }, { tokens }, { adminSecret }) =>
    service.endsWith('AdminService') ? adminSecret : tokens.authentication,
};
