/**
 * Puts together what everything in an enrolled client works with.
 *
 * @module
 */
import { getCipherSuite } from '@canopy/crypto';
import { createDeviceIdentityProvider } from '@canopy/identity';
import { noPsks } from '@canopy/mls';
import { AccessTokens } from './access-tokens.ts';
import type { Bell } from './bell.ts';
import type { Ports } from './client-options.ts';
import { Line } from './line.ts';
import { ReceiptKeys } from './receipt-keys.ts';
import { currentIdentity } from './renewal.ts';
import { Revocations } from './revocations.ts';
import type { EnrolledDevice } from './store/device-store.ts';
import type { Surroundings } from './surroundings.ts';
import { StoredTrust } from './trust.ts';

/** Puts together what an enrolled device works with. */
export function surround(
  enrolled: EnrolledDevice,
  ports: Ports,
  { signal, newEvents }: { readonly signal: AbortSignal; readonly newEvents: Bell },
): Surroundings {
  const { store, stubs, policy, clock, log, beforeStep, wait, random, pingIntervalMs } = ports;
  const { domain } = enrolled;
  const now = (): bigint => BigInt(Math.floor(clock.now() / 1000));
  const keys = new StoredTrust(stubs.authentication, store.device, { clock, signal });
  const tokens = new AccessTokens(stubs.authentication, enrolled, { clock, signal });
  const service = { stub: stubs.authentication, keys, domain, now, log, signal };
  const revocations = new Revocations({ ...service, store: store.revocations });
  const anchors = store.device.trustAnchors();
  const judged = { domain, keys, clock };
  const identities = createDeviceIdentityProvider({ ...judged, revocation: revocations.options }, anchors);
  const options = { policy, identities, psks: noPsks, now };
  return {
    store,
    stubs,
    tokens,
    receiptKeys: new ReceiptKeys({ store: store.receipts, stub: stubs.delivery, tokens, domain, signal }),
    revocations,
    line: new Line(),
    greaseKeyPackages: ports.greaseKeyPackages,
    keyUpdateAfter: ports.keyUpdateAfter,
    pingIntervalMs,
    device: enrolled.device,
    suite: getCipherSuite(enrolled.cipherSuite),
    get identity() {
      return currentIdentity({ store }, enrolled);
    },
    options,
    joinOptions: { ...options, identities: createDeviceIdentityProvider(judged, anchors) },
    newEvents,
    signal,
    log,
    beforeStep,
    wait,
    random,
    nowMs: () => clock.now(),
  };
}
