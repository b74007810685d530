/**
 * The keys that sign access tokens, attestations and revocation lists. They live in the store, so that every process on it
 * has the same, and follow each other without a restart.
 *
 * @module
 */
import type { Clock, KeySource, Secret } from '@canopy/service';
import type { Registry, SigningKey } from '@canopy/storage';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from 'jose';
import { planKeys, timesOf, type KeyPlan, type KeyScheduleSettings } from './rules/key-schedule.ts';
import { openKey, sealKey } from './sealed-key.ts';

/** A key that signs, by its name: the thumbprint of the public key (RFC 7638). */
export interface Signer {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

/** What the keys are kept by. */
export interface SigningKeysOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly schedule: KeyScheduleSettings;
  /** What private keys are encrypted with in the store. */
  readonly storeKey: Secret | undefined;
  /** What those were encrypted with that were made before. */
  readonly previousStoreKey?: Secret | undefined;
}

interface View {
  readonly signer: Signer;
  readonly publicKeys: ReadonlyMap<string, CryptoKey>;
  readonly jwksJson: string;
  readonly readAtMs: number;
}

const ALGORITHM = 'EdDSA';
/** For so long the keys are not read anew. */
const VIEW_AGE_MS = 10_000;
/** Strangers may make up names of keys: for so long an unknown one is not looked for again. */
const COOL_DOWN_MS = 1_000;
/** With a store that is away, what was read last counts for so long. */
const ABSENCE_MS = 600_000;

/** The key that signs now, and all public keys that may have signed before or will sign next. */
export class SigningKeys implements KeySource {
  readonly #options: SigningKeysOptions;
  #view: View | undefined;
  #reading: Promise<View> | undefined;

  constructor(options: SigningKeysOptions) {
    this.#options = options;
  }

  /** Gives the key that signs now. */
  async signer(): Promise<Signer> {
    return (await this.#current()).signer;
  }

  /** Gives the public keys as a JSON Web Key Set (RFC 7517). */
  async jwksJson(): Promise<string> {
    return (await this.#current()).jwksJson;
  }

  /** Finds a public key by its name; one that is not known is looked for in the store. */
  async findKey(kid: string): Promise<CryptoKey | undefined> {
    const view = await this.#current();
    const known = view.publicKeys.get(kid);
    if (known !== undefined || this.#ageOf(view) < COOL_DOWN_MS) return known;
    return (await this.refresh()).publicKeys.get(kid);
  }

  /** Reads the keys from the store, makes the next one when it is time, and forgets what is of no use any more. */
  refresh(): Promise<View> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #current(): Promise<View> {
    const view = this.#view;
    if (view !== undefined && this.#ageOf(view) < VIEW_AGE_MS) return view;
    try {
      return await this.refresh();
    } catch (error) {
      if (view === undefined || this.#ageOf(view) > ABSENCE_MS) throw error;
      return view;
    }
  }

  async #read(): Promise<View> {
    const { registry, clock, schedule } = this.#options;
    const plan = planKeys(await registry.signingKeys(), clock.now(), schedule);
    if (plan.successorFromMs !== undefined) {
      await this.#addSuccessor(plan, plan.successorFromMs);
      return this.#read();
    }
    for (const { kid } of plan.retired) await registry.retireSigningKey(kid);
    for (const { kid } of plan.dropped) await registry.dropSigningKey(kid);
    this.#view = await this.#viewOf(plan);
    return this.#view;
  }

  /** When another replica was faster, its key is there on the next reading. */
  async #addSuccessor({ published: [newest] }: KeyPlan, signsFromMs: number): Promise<void> {
    const { registry, schedule, storeKey } = this.#options;
    const { kid, publicJwk, privateJwk } = await createKey();
    const privateKey = sealKey(privateJwk, kid, storeKey);
    const offered = { kid, publicJwk, privateKey, ...timesOf(signsFromMs, schedule) };
    await registry.addSigningKey(offered, newest?.kid);
  }

  async #viewOf({ current, published }: KeyPlan): Promise<View> {
    if (current === undefined) throw new TypeError('the store holds no signing key that can sign');
    const known = this.#view?.signer.kid === current.kid ? this.#view.signer : undefined;
    const jwks = published.map(publicJwkOf);
    return {
      signer: known ?? { kid: current.kid, privateKey: await this.#importPrivateKey(current) },
      publicKeys: new Map(await Promise.all(jwks.map(importPublicKey))),
      jwksJson: JSON.stringify({ keys: jwks }),
      readAtMs: this.#options.clock.now(),
    };
  }

  async #importPrivateKey({ kid, privateKey }: SigningKey): Promise<CryptoKey> {
    const { storeKey, previousStoreKey } = this.#options;
    const storeKeys = [storeKey, previousStoreKey].filter((each) => each !== undefined);
    const jwk: JWK = JSON.parse(openKey(privateKey ?? '', kid, storeKeys));
    const key = await importJWK(jwk, ALGORITHM);
    if (key instanceof Uint8Array || key.type !== 'private') {
      throw new TypeError('the store holds a signing key that is none');
    }
    return key;
  }

  #ageOf({ readAtMs }: View): number {
    return this.#options.clock.now() - readAtMs;
  }
}

async function createKey(): Promise<{
  readonly kid: string;
  readonly publicJwk: string;
  readonly privateJwk: string;
}> {
  const pair = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  return {
    kid: await calculateJwkThumbprint(publicJwk),
    publicJwk: JSON.stringify(publicJwk),
    privateJwk: JSON.stringify(await exportJWK(pair.privateKey)),
  };
}

/** Names the public members one by one: a private one must never slip through. */
function publicJwkOf({ kid, publicJwk }: SigningKey): JWK & { readonly kid: string } {
  const { kty, crv, x }: { kty: 'OKP'; crv: string; x: string } = JSON.parse(publicJwk);
  return { kty, crv, x, kid, alg: ALGORITHM, use: 'sig' };
}

async function importPublicKey(jwk: JWK & { readonly kid: string }): Promise<readonly [string, CryptoKey]> {
  const key = await importJWK(jwk, ALGORITHM);
  if (key instanceof Uint8Array) throw new TypeError('the store holds a signing key that is none');
  return [jwk.kid, key];
}
