import type { BackEndName } from '@canopy/crypto';

import type { Shape } from '../../src/floor/floor.ts';
import { planFloor } from '../../src/floor/prepare-floor.ts';
import { createPrimitives, type Primitives } from '../../src/floor/primitives.ts';
import { prepareSteps } from '../../src/floor/run-steps.ts';
import { loadSodium } from '../../src/floor/sodium-native.ts';
import { createSodiumPrimitives } from '../../src/floor/sodium-primitives.ts';
import { suiteParameters } from '../../src/floor/suites.ts';
import type { OperationName } from '../../src/operations.ts';

/** How often each primitive was executed; those that were not are absent. */
export type Counts = Partial<Record<keyof Primitives, number>>;

/** What a run of a floor did. */
export interface Recorded {
  readonly counts: Counts;
  /** Bytes of what was hashed, signed, or encrypted, in the order of execution. */
  readonly sizes: Readonly<Record<'hash' | 'hmac' | 'sign' | 'seal', readonly number[]>>;
  readonly mostInFlight: number;
}

/** Executes the primitives of a suite, and writes down which. */
class Recorder<Key> {
  counts: Counts = {};
  readonly sizes: Record<keyof Recorded['sizes'], number[]> = { hash: [], hmac: [], sign: [], seal: [] };
  mostInFlight = 0;
  #inFlight = 0;
  readonly primitives: Primitives<Key>;

  constructor(real: Primitives<Key>) {
    this.primitives = {
      prepareKemKeys: () => real.prepareKemKeys(),
      prepareSignatureKeys: () => real.prepareSignatureKeys(),
      hash: (input) => this.#sized('hash', input, real.hash(input)),
      hmac: (input) => this.#sized('hmac', input, real.hmac(input)),
      generateKeyPair: () => this.#count('generateKeyPair', real.generateKeyPair()),
      derivePublicKey: (raw) => this.#count('derivePublicKey', real.derivePublicKey(raw)),
      importPrivateKey: (raw) => this.#count('importPrivateKey', real.importPrivateKey(raw)),
      importPublicKey: (raw) => this.#count('importPublicKey', real.importPublicKey(raw)),
      encapsulate: (key) => this.#count('encapsulate', real.encapsulate(key)),
      decapsulate: (key, ciphertext) => this.#count('decapsulate', real.decapsulate(key, ciphertext)),
      seal: (key, aad, plaintext) => this.#sized('seal', plaintext, real.seal(key, aad, plaintext)),
      open: (key, aad, sealed) => this.#count('open', real.open(key, aad, sealed)),
      sign: (key, data) => this.#sized('sign', data, real.sign(key, data)),
      importSignatureKey: (raw) => this.#count('importSignatureKey', real.importSignatureKey(raw)),
      verify: (key, signed) => {
        real.verify(key, signed);
        this.#count('verify', undefined);
      },
      verifyOneOfMany: async (key, signed) => {
        this.mostInFlight = Math.max(this.mostInFlight, ++this.#inFlight);
        await real.verifyOneOfMany(key, signed);
        this.#inFlight--;
        this.#count('verifyOneOfMany', undefined);
      },
    };
  }

  /** Forgets what was done so far. */
  reset(): void {
    this.counts = {};
    for (const sizes of Object.values(this.sizes)) sizes.length = 0;
  }

  #count<T>(name: keyof Primitives, result: T): T {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    return result;
  }

  #sized<T>(name: keyof Recorded['sizes'], input: Uint8Array, result: T): T {
    this.sizes[name].push(input.length);
    return this.#count(name, result);
  }
}

/** Runs the floor of an operation once and tells what it executed, without what preparing took. */
export function record(
  operation: OperationName,
  shape: Shape,
  backEnd: BackEndName = 'node',
): Promise<Recorded> {
  const suite = suiteParameters(shape.suite);
  return backEnd === 'node'
    ? recordWith(createPrimitives(suite), operation, shape)
    : recordWith(createSodiumPrimitives(suite, loadSodium()), operation, shape);
}

async function recordWith<Key>(
  primitives: Primitives<Key>,
  operation: OperationName,
  shape: Shape,
): Promise<Recorded> {
  const recorder = new Recorder(primitives);
  const run = prepareSteps(
    planFloor(operation, shape) ?? [],
    suiteParameters(shape.suite),
    recorder.primitives,
  );
  recorder.reset();
  await run();
  return recorder;
}
