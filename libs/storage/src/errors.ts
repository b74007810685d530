/**
 * What a store throws when it cannot answer; expected outcomes are values of the ports, never errors.
 *
 * @module
 */

/**
 * `UNAVAILABLE`: the store could not be reached or could not write; trying again later may help.
 * `CLOSED`: the store was closed by this process. `NEWER_SCHEMA`: a newer release has written the file.
 * `CORRUPT`: what was read is not what this code writes.
 */
export type StorageErrorCode = 'UNAVAILABLE' | 'CLOSED' | 'NEWER_SCHEMA' | 'CORRUPT';

/** A store that cannot answer. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Says whether an error means that a store is away and may work again later: callers are told to come back. */
export function isAway(error: unknown): boolean {
  return error instanceof StorageError && (error.code === 'UNAVAILABLE' || error.code === 'CLOSED');
}
