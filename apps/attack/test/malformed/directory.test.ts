import { describeService } from './describe-service.ts';

describeService({
  name: 'key-directory',
  protoPackage: 'canopy.directory.v1',
  tokenFor: (_, { tokens }) => tokens.directory,
});
