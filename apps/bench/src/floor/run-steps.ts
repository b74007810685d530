/**
 * Prepares the inputs of steps and executes them.
 *
 * @module
 */

import type { KeyObject } from 'node:crypto';

import type { FloorRun } from './floor.ts';
import { generateKeyObjects, type KeyObjectPair } from './key-import.ts';
import type { Primitives, Signed } from './primitives.ts';
import type { KeyOrigin, Step } from './step.ts';
import type { SuiteParameters } from './suites.ts';

/** More signatures in flight do not keep more threads busy. */
const IN_FLIGHT = 64;

const NONCE_SIZE = 12;
const FILLING = 0x36;

type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>;
type SymmetricStep = StepOf<'hash' | 'hmac' | 'seal' | 'open'>;

/** Prepares steps, so that what is run is nothing but their primitives. */
export function prepareSteps(
  steps: readonly Step[],
  suite: SuiteParameters,
  primitives: Primitives,
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

/** The checks of one newcomer are done before the thread pool has begun. */
function runsOnPool(step: Step): boolean {
  return step.kind === 'verify' && step.times > 1;
}

function isSymmetric(step: Step): step is SymmetricStep {
  const { kind } = step;
  return kind === 'hash' || kind === 'hmac' || kind === 'seal' || kind === 'open';
}

/** Makes inputs of the right size, with keys, ciphertexts and signatures that are valid. */
class StepInputs {
  readonly #suite: SuiteParameters;
  readonly #primitives: Primitives;
  readonly #kemKeys: KeyObjectPair;
  readonly #signatureKeys: KeyObjectPair;

  constructor(suite: SuiteParameters, primitives: Primitives) {
    this.#suite = suite;
    this.#primitives = primitives;
    this.#kemKeys = generateKeyObjects(suite.kem);
    this.#signatureKeys = generateKeyObjects(suite.signature);
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
    const { publicKey, privateKey } = this.#kemKeys;
    const raw = privateKey.export({ format: 'raw-private' });
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
        const source = keySource(step.key, publicKey, (key) => primitives.importPublicKey(key));
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
    const source = keySource(step.key, this.#signatureKeys.publicKey, (key) =>
      primitives.importSignatureKey(key),
    );
    if (runsOnPool(step)) {
      return () => inLanes(step.times, () => verifyOnPool(primitives, source(), signed));
    }
    return () => {
      const key = source();
      for (const one of signed) primitives.verify(key, one);
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

function keySource(
  origin: KeyOrigin,
  held: KeyObject,
  importKey: (raw: Uint8Array) => KeyObject,
): () => KeyObject {
  if (origin === 'held') return () => held;
  const raw = held.export({ format: 'raw-public' });
  return () => importKey(raw);
}

async function verifyOnPool(
  primitives: Primitives,
  key: KeyObject,
  signed: readonly Signed[],
): Promise<void> {
  for (const one of signed) await primitives.verifyOnPool(key, one);
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
