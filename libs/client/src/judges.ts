/**
 * Whom a device believes: those of its domain, by attestation or by certificate (RFC 9420 §5.3.1).
 *
 * @module
 */
import {
  combineIdentityProviders,
  createIdentityProvider,
  createX509IdentityProvider,
  deviceIdentifiers,
  type AttestationKeys,
  type RevocationOptions,
} from '@canopy/identity';
import type { IdentityProvider } from '@canopy/mls';
import type { Clock } from './ports.ts';
import type { DeviceStore } from './store/device-store.ts';

/** What the judges go by. */
export interface JudgesParts {
  readonly domain: string;
  readonly keys: AttestationKeys;
  readonly clock: Clock;
  /** Seconds since 1970. */
  readonly now: () => bigint;
  readonly revocation: RevocationOptions;
  readonly store: DeviceStore;
}

/** The judges of a device: certificates count where anchors were pinned at enrolment. */
export class Judges {
  /** Believes nobody who is revoked. */
  readonly strict: IdentityProvider;
  /** Believes also who is revoked. */
  readonly lenient: IdentityProvider;

  constructor(parts: JudgesParts) {
    const { revocation } = parts;
    this.strict = judgeOf(parts, { revocation });
    this.lenient = judgeOf(parts, {});
  }
}

function judgeOf(
  { domain, keys, clock, now, store }: JudgesParts,
  more: { readonly revocation?: RevocationOptions },
): IdentityProvider {
  const basic = createIdentityProvider({ domain, keys, clock, ...more });
  const pinned = store.trustAnchors();
  if (pinned.anchors.length === 0) return basic;
  const x509 = createX509IdentityProvider({
    ...pinned,
    identifiers: deviceIdentifiers(domain),
    now,
    ...more,
  });
  return combineIdentityProviders({ basic, x509, changeOfType: 'same-device' });
}
