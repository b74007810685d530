import { describeService } from './describe-service.ts';

describeService({
  name: 'delivery-service',
  protoPackage: 'canopy.delivery.v1',
  tokenFor: (_, { tokens }) => tokens.delivery,
});
