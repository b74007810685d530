/**
 * Deadlines of steps.
 *
 * @module
 */
import { StorageError } from '../errors.ts';

/**
 * Ends waiting after a time: a Redis that hangs would be waited for without end. The step may have taken effect then.
 *
 * @throws StorageError UNAVAILABLE for any failure, after `onLate` was called if time was up
 */
export async function inTime<T>(reply: Promise<T>, timeoutMs: number, onLate?: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onLate?.();
      reject(new Error(`no answer in ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([reply, late]);
  } catch (error) {
    throw toUnavailable(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Turns whatever a client says into the store's error; the store's own errors stay what they are. */
export function toUnavailable(cause: unknown): StorageError {
  return cause instanceof StorageError
    ? cause
    : new StorageError('UNAVAILABLE', 'Redis cannot be reached or refuses', { cause });
}
