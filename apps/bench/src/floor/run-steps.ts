/**
 * Prepares the inputs of steps and executes them.
 *
 * @module
 */

import type { FloorRun } from './floor.ts';
import type { PreparedKeys, Primitives, Signed } from './primitives.ts';
import type { KeyOrigin, Step } from './step.ts';
import type { SuiteParameters } from './suites.ts';

/** More signatures in flight do not keep more threads busy. */
const IN_FLIGHT = 64;

const NONCE_SIZE = 12;
const FILLING = 0x36;

type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>;
type SymmetricStep = StepOf<'hash' | 'hmac' | 'seal' | 'open'>;

/** Prepares steps, so that what is run is nothing but their primitives. */
export function prepareSteps<Key>(
  steps: readonly Step[],
  suite: SuiteParameters,
  primitives: Primitives<Key>,
): FloorRun {
  const inputs = new StepInputs(suite, primitives);
  const runs = steps.filter(({ times }) => times > 0).map((step) => inputs.prepare(step));
  return async () => {
    for (const run of runs) {
      const pending = run();
      if (pending !== undefined) await pending;
    }
  };
}

/** The checks of a few signers are done before a thread pool has begun. */
const FEWEST_FOR_POOL = 8;

function hasManySigners(step: Step): boolean {
  return step.kind === 'verify' && step.times >= FEWEST_FOR_POOL;
}

function isSymmetric(step: Step): step is SymmetricStep {
  const { kind } = step;
  return kind === 'hash' || kind === 'hmac' || kind === 'seal' || kind === 'open';
}

/** Makes inputs of the right size, with keys, ciphertexts and signatures that are valid. */
class StepInputs<Key> {
  readonly #suite: SuiteParameters;
  readonly #primitives: Primitives<Key>;
  readonly #kemKeys: PreparedKeys<Key>;
  readonly #signatureKeys: PreparedKeys<Key>;

  constructor(suite: SuiteParameters, primitives: Primitives<Key>) {
    this.#suite = suite;
    this.#primitives = primitives;
    this.#kemKeys = primitives.prepareKemKeys();
    this.#signatureKeys = primitives.prepareSignatureKeys();
  }

  prepare(step: Step): FloorRun {
    if (step.kind === 'verify') return this.#verify(step);
    const { times } = step;
    const once = this.#once(step);
    return () => {
      for (let count = 0; count < times; count++) once();
    };
  }

  #once(step: Exclude<Step, StepOf<'verify'>>): () => unknown {
    return isSymmetric(step) ? this.#symmetric(step) : this.#asymmetric(step);
  }

  #symmetric(step: SymmetricStep): () => unknown {
    const primitives = this.#primitives;
    switch (step.kind) {
      case 'hash': {
        const input = bytes(step.bytes);
        return () => primitives.hash(input);
      }
      case 'hmac': {
        const input = bytes(this.#suite.hash.block + step.bytes);
        return () => primitives.hmac(input);
      }
      case 'seal':
      case 'open':
        return this.#aead(step);
    }
  }

  #aead({ kind, bytes: size, aad: aadSize }: StepOf<'seal' | 'open'>): () => unknown {
    const primitives = this.#primitives;
    const key = { key: bytes(this.#suite.aead.keySize), nonce: bytes(NONCE_SIZE) };
    const [aad, plaintext] = [bytes(aadSize), bytes(size)];
    if (kind === 'seal') return () => primitives.seal(key, aad, plaintext);
    const sealed = primitives.seal(key, aad, plaintext);
    return () => primitives.open(key, aad, sealed);
  }

  #asymmetric(step: Exclude<Step, SymmetricStep | StepOf<'verify'>>): () => unknown {
    const primitives = this.#primitives;
    const { publicKey, privateKey, rawPrivateKey: raw } = this.#kemKeys;
    switch (step.kind) {
      case 'sign': {
        const data = bytes(step.bytes);
        return () => primitives.sign(this.#signatureKeys.privateKey, data);
      }
      case 'generate-key-pair':
        return () => primitives.generateKeyPair();
      case 'derive-public-key':
        return () => primitives.derivePublicKey(raw);
      case 'import-private-key':
        return () => primitives.importPrivateKey(raw);
      case 'encapsulate': {
        const source = keySource(step.key, this.#kemKeys, (key) => primitives.importPublicKey(key));
        return () => primitives.encapsulate(source());
      }
      case 'decapsulate': {
        const { ciphertext } = primitives.encapsulate(publicKey);
        return () => primitives.decapsulate(privateKey, ciphertext);
      }
    }
  }

  #verify(step: StepOf<'verify'>): FloorRun {
    const primitives = this.#primitives;
    const signed = step.signed.map((size) => this.#sign(size));
    const source = keySource(step.key, this.#signatureKeys, (key) => primitives.importSignatureKey(key));
    if (hasManySigners(step)) {
      return () => inLanes(step.times, () => verifyEach(primitives, source(), signed));
    }
    return () => {
      for (let count = 0; count < step.times; count++) {
        const key = source();
        for (const one of signed) primitives.verify(key, one);
      }
    };
  }

  #sign(size: number): Signed {
    const data = bytes(size);
    return { data, signature: this.#primitives.sign(this.#signatureKeys.privateKey, data) };
  }
}

function bytes(size: number): Uint8Array {
  return new Uint8Array(size).fill(FILLING);
}

function keySource<Key>(
  origin: KeyOrigin,
  { publicKey, rawPublicKey }: PreparedKeys<Key>,
  importKey: (raw: Uint8Array) => Key,
): () => Key {
  return origin === 'held' ? () => publicKey : () => importKey(rawPublicKey);
}

async function verifyEach<Key>(
  primitives: Primitives<Key>,
  key: Key,
  signed: readonly Signed[],
): Promise<void> {
  for (const one of signed) await primitives.verifyOneOfMany(key, one);
}

/** Runs a task so many times, some of them at once. */
async function inLanes(times: number, task: () => Promise<void>): Promise<void> {
  let left = times;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left--;
      await task();
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, times) }, lane));
}
