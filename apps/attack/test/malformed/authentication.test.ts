import { describeService } from './describe-service.ts';

describeService({
  name: 'authentication-service',
  protoPackage: 'canopy.authentication.v1',
  tokenFor: ({ service }, { tokens }, { adminSecret }) =>
    service.endsWith('AdminService') ? adminSecret : tokens.authentication,
});
