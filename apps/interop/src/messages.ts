/**
 * Application data.
 *
 * @module
 */

import { decodeMessage, encodeMessage } from '@canopy/mls';
import type { Cast } from './actors.ts';
import { CallRefusal } from './call-refusal.ts';
import type { CallsNamed } from './calls.ts';

/** The calls about application data. */
export function messageCalls(cast: Cast): CallsNamed<'protect' | 'unprotect'> {
  return {
    protect({ stateId, authenticatedData, plaintext: applicationData }) {
      const { group } = cast.members.get(stateId);
      return { ciphertext: encodeMessage(group.protect({ applicationData, authenticatedData })) };
    },
    async unprotect({ stateId, ciphertext }) {
      const { group } = cast.members.get(stateId);
      const received = await group.process(decodeMessage(ciphertext));
      if (received.kind !== 'application') {
        throw new CallRefusal('INVALID_ARGUMENT', `application data expected, found ${received.kind}`);
      }
      const { authenticatedData, applicationData: plaintext } = received;
      return { authenticatedData, plaintext };
    },
  };
}
