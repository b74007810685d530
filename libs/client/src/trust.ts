/**
 * Whom a device believes: the keys of its domain's Authentication Service (RFC 9420 §5.3.1).
 *
 * @module
 */
import { callUnary } from '@canopy/contract';
import { parseJwks, type AttestationKeys } from '@canopy/identity';
import type { Stubs } from './connections.ts';
import { ClientError } from './errors.ts';
import type { Clock } from './ports.ts';
import type { DeviceStore, TrustAnchors, TrustedKeys } from './store/device-store.ts';

/** Whoever can make a device see an unknown key can make it ask; so it asks no more often than this. */
const REFRESH_INTERVAL_MS = 5_000;

/** Fetches the key set of an Authentication Service. @throws {CallError} */
export async function fetchTrust(stub: Stubs['authentication'], signal: AbortSignal): Promise<TrustedKeys> {
  const { domain, jwksJson: jwks } = await callUnary(stub, 'getJwks', {}, { idempotent: true, signal });
  return { domain, jwks };
}

/** Fetches the CAs of a domain; none where its service issues no certificates. @throws {CallError}, {ClientError} INVALID_RESPONSE */
export async function fetchTrustAnchors(
  stub: Stubs['authentication'],
  domain: string,
  signal: AbortSignal,
): Promise<TrustAnchors> {
  const { result } = await callUnary(
    stub,
    'getTrustAnchors',
    { knownVersion: 0n },
    { idempotent: true, signal },
  );
  if (result?.$case !== 'anchors') return { anchors: [], intermediates: [] };
  if (result.value.domain !== domain) throw otherDomain();
  return result.value;
}

function otherDomain(): ClientError {
  return new ClientError('INVALID_RESPONSE', 'the authentication service speaks for another domain');
}

/** The key set in the state file; it is fetched again when an attestation names a key that is not in it. */
export class StoredTrust implements AttestationKeys {
  readonly #stub: Stubs['authentication'];
  readonly #store: DeviceStore;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #keys: Promise<AttestationKeys> | undefined;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    stub: Stubs['authentication'],
    store: DeviceStore,
    { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  ) {
    this.#stub = stub;
    this.#signal = signal;
    this.#store = store;
    this.#clock = clock;
  }

  async keyFor(kid: string): ReturnType<AttestationKeys['keyFor']> {
    this.#keys ??= parseJwks(this.#trust().jwks);
    const known = await (await this.#keys).keyFor(kid);
    if (known !== undefined || this.#clock.now() - this.#refreshedAtMs < REFRESH_INTERVAL_MS) return known;
    await this.#refresh();
    return (await this.#keys).keyFor(kid);
  }

  async #refresh(): Promise<void> {
    const fetched = await fetchTrust(this.#stub, this.#signal);
    const { domain } = this.#trust();
    if (fetched.domain !== domain) {
      throw otherDomain();
    }
    const keys = await parseJwks(fetched.jwks);
    this.#store.saveTrust(fetched);
    this.#keys = Promise.resolve(keys);
    this.#refreshedAtMs = this.#clock.now();
  }

  #trust(): TrustedKeys {
    const trust = this.#store.trust();
    if (trust === undefined)
      throw new ClientError('INVALID_STATE', 'an enrolled device without trusted keys');
    return trust;
  }
}
