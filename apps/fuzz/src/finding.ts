/**
 * What the fuzzer looks for: something that must not be.
 *
 * @module
 */

import { CodecError } from '@canopy/codec';
import { CryptoError } from '@canopy/crypto';
import { MlsError } from '@canopy/mls';

/** Something that must not be. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

/** Ends the world with a finding. */
export function find(what: string, cause?: unknown): never {
  throw new Finding(what, cause === undefined ? undefined : { cause });
}

/** Requires what has to be true. */
export function check(isTrue: boolean, what: string): void {
  if (!isTrue) find(what);
}

/** Requires two values to be the same. */
export function checkEqual(found: unknown, expected: unknown, what: string): void {
  if (found !== expected) find(`${what}: ${String(expected)} expected, found ${String(found)}`);
}

/** A refusal as the libraries promise it: typed, with a code. */
export type Refusal = CodecError | CryptoError | MlsError;

/** Says whether an error is one that the libraries refuse with. */
export function isRefusal(error: unknown): error is Refusal {
  return error instanceof MlsError || error instanceof CodecError || error instanceof CryptoError;
}

/** What became of an attempt. */
export type Attempt<T> =
  { readonly kind: 'done'; readonly value: T } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Tries something that may be refused. Any other error than a typed refusal is a finding. */
export async function attempt<T>(what: string, act: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { kind: 'done', value: await act() };
  } catch (error) {
    if (isRefusal(error)) return { kind: 'refused', refusal: error };
    if (error instanceof Finding) throw error;
    return find(`${what}: ended with ${describeError(error)} instead of a typed refusal`, error);
  }
}

/** Names an error in one line. */
export function describeError(error: unknown): string {
  if (isRefusal(error)) return `${error.name} ${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
