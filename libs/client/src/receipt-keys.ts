/**
 * The keys of the Delivery Service that verify receipts: once seen, each stays what it is.
 *
 * @module
 */
import { callUnary } from '@canopy/contract';
import { parseJwks, verifyReceipt, type AttestationKeys, type Receipt } from '@canopy/identity';
import type { AccessTokens } from './access-tokens.ts';
import type { Stubs } from './connections.ts';
import { ClientError } from './errors.ts';
import { untilAnswered } from './service-calls.ts';
import type { ReceiptStore } from './store/receipt-store.ts';

/** A receipt that the service has signed. */
export interface VerifiedReceipt {
  readonly jws: string;
  readonly receipt: Receipt;
  readonly hash: Uint8Array;
}

/** What the keys come from. */
export interface ReceiptKeysParts {
  readonly store: ReceiptStore;
  readonly stub: Stubs['delivery'];
  readonly tokens: AccessTokens;
  readonly domain: string;
  readonly signal: AbortSignal;
}

/** Verifies receipts with keys that were seen before, or with new ones of the service. */
export class ReceiptKeys implements AttestationKeys {
  readonly #parts: ReceiptKeysParts;
  #keys: Promise<AttestationKeys> | undefined;

  constructor(parts: ReceiptKeysParts) {
    this.#parts = parts;
  }

  /** Verifies a receipt by itself. @throws {ClientError} INVALID_RESPONSE; SERVICE_REFUSED, CLOSED */
  async verify(jws: string): Promise<VerifiedReceipt> {
    const verdict = await verifyReceipt(jws, { domain: this.#parts.domain, keys: this });
    if (verdict.valid) return { jws, receipt: verdict.receipt, hash: verdict.hash };
    throw invalidReceipt(verdict.reason);
  }

  async keyFor(kid: string): ReturnType<AttestationKeys['keyFor']> {
    this.#keys ??= this.#read();
    const known = await (await this.#keys).keyFor(kid);
    if (known !== undefined) return known;
    await this.#fetch();
    this.#keys = this.#read();
    return (await this.#keys).keyFor(kid);
  }

  #read(): Promise<AttestationKeys> {
    const keys = [...this.#parts.store.keys().values()].map((jwk): unknown => JSON.parse(jwk));
    return parseJwks(JSON.stringify({ keys }));
  }

  async #fetch(): Promise<void> {
    const { store, stub, tokens, domain, signal } = this.#parts;
    const fetched = await untilAnswered(signal, () =>
      tokens.call('delivery', (metadata) => callUnary(stub, 'getReceiptKeys', {}, { metadata, signal })),
    );
    if (fetched.domain !== domain) throw invalidReceipt('WRONG_DOMAIN');
    // A set that cannot be read is refused as a whole, before anything of it is kept.
    await parseJwks(fetched.jwksJson);
    for (const [kid, jwk] of keysIn(fetched.jwksJson)) store.saveKey(kid, jwk);
  }
}

function keysIn(jwksJson: string): readonly (readonly [string, string])[] {
  const set: unknown = JSON.parse(jwksJson);
  const keys: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : [];
  if (!Array.isArray(keys)) return [];
  return keys.flatMap((key: unknown) =>
    typeof key === 'object' && key !== null && 'kid' in key && typeof key.kid === 'string'
      ? [[key.kid, JSON.stringify(key)] as const]
      : [],
  );
}

/** Makes the error for a receipt that the service should not have given. */
export function invalidReceipt(reason: string): ClientError {
  return new ClientError('INVALID_RESPONSE', `the service has shown a bad receipt: ${reason}`, { reason });
}
