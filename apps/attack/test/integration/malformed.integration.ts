/**
 * Malformed input over every call, on Redis: fewer requests than on SQLite, since what refuses them is the same.
 *
 * @module
 */
import { describeService } from '../malformed/describe-service.ts';
import { AUTHENTICATION, DELIVERY, DIRECTORY } from '../malformed/services.ts';
import { describeWithEngine } from './engine.ts';

const REQUESTS = 300;

describeWithEngine('malformed input, on one Redis', () => {
  for (const service of [DELIVERY, DIRECTORY, AUTHENTICATION]) {
    describeService(service, { kind: 'redis', requestsOfRpc: REQUESTS });
  }
});
