/**
 * A store that is away is no incident: the caller is told to come back.
 *
 * @module
 */
import { unavailable, type UnaryHandler } from '@canopy/service';
import { StorageError } from '@canopy/storage';

/** Wraps a handler: the failure of a store that may work again later becomes UNAVAILABLE. */
export function answering<Request, Response, Who>(
  handler: UnaryHandler<Request, Response, Who>,
): UnaryHandler<Request, Response, Who> {
  return async (request, context) => {
    try {
      return await handler(request, context);
    } catch (error) {
      throw isAway(error) ? unavailable(error) : error;
    }
  };
}

function isAway(error: unknown): boolean {
  return error instanceof StorageError && (error.code === 'UNAVAILABLE' || error.code === 'CLOSED');
}
