/**
 * Lets each type of credential be judged by its own provider (RFC 9420 §5.3).
 *
 * @module
 */
import {
  CredentialType,
  identifierOf,
  type Credential,
  type IdentityProvider,
  type IdentityVerdict,
} from '@canopy/mls';
import { findNamedDevice } from './named-device.ts';

/** The judges, and what becomes of a member that changes from one type to the other. */
export interface CombinedProvidersOptions {
  readonly basic: IdentityProvider;
  readonly x509: IdentityProvider;
  /** `same-device` lets a device change the type of its credential; both have to name it by its URI. */
  readonly changeOfType: 'refuse' | 'same-device';
}

/** Why a successor of another type is refused. */
export type ChangeOfTypeRefusal = 'SUCCESSOR_OTHER_TYPE' | 'SUCCESSOR_OTHER_DEVICE';

/** Makes one judge of two. */
export function combineIdentityProviders(options: CombinedProvidersOptions): IdentityProvider {
  const judgeOf = ({ credentialType }: Credential): IdentityProvider =>
    credentialType === CredentialType.x509 ? options.x509 : options.basic;
  return {
    validateCredential: (presented) => judgeOf(presented.credential).validateCredential(presented),
    validateSuccessor(old, presented) {
      if (old.credential.credentialType === presented.credential.credentialType) {
        return judgeOf(old.credential).validateSuccessor(old, presented);
      }
      return Promise.resolve(
        options.changeOfType === 'refuse'
          ? refused('SUCCESSOR_OTHER_TYPE')
          : compareDevices(old.credential, presented.credential),
      );
    },
    identifierOf(presented) {
      const { credential } = presented;
      const device = options.changeOfType === 'same-device' ? findNamedDevice(credential) : undefined;
      return device ?? `${credential.credentialType}:${identifierOf(judgeOf(credential), presented)}`;
    },
  };
}

function compareDevices(old: Credential, presented: Credential): IdentityVerdict {
  const [before, after] = [findNamedDevice(old), findNamedDevice(presented)];
  return before !== undefined && before === after ? { valid: true } : refused('SUCCESSOR_OTHER_DEVICE');
}

function refused(reason: ChangeOfTypeRefusal): IdentityVerdict {
  return { valid: false, reason };
}
