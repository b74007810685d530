import { describe, it } from '@jest/globals';

import { describeVectors } from '@canopy/vectors';

import { follow } from '../passive-client.ts';
import { titled } from '../suites.ts';

describeVectors('passive-client-random', { describe, it }, (cases) => {
  it.each(titled(cases))('%s', (_title, one) => follow(one));
});
