/**
 * A store that is away is no incident: the caller is told to come back.
 *
 * @module
 */
import { unavailable } from '@canopy/service';
import { StorageError } from '@canopy/storage';

/** Turns the failure of a store that may work again later into UNAVAILABLE; other errors stay what they are. */
export function toCallFailure(error: unknown): unknown {
  const away = error instanceof StorageError && (error.code === 'UNAVAILABLE' || error.code === 'CLOSED');
  return away ? unavailable(error) : error;
}

/** Wraps the handler of a unary call. */
export function answering<Parameters extends readonly unknown[], Response>(
  handler: (...parameters: Parameters) => Promise<Response>,
): (...parameters: Parameters) => Promise<Response> {
  return async (...parameters) => {
    try {
      return await handler(...parameters);
    } catch (error) {
      throw toCallFailure(error);
    }
  };
}
