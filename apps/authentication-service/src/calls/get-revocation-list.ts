/**
 * GetRevocationList: the newest signed list, unless the caller has it.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import { unavailable, type UnaryHandler } from '@canopy/service';
import type { PublishedList } from '@canopy/storage';
import type { Parts } from '../parts.ts';
import { NoList, type RevocationListPublisher } from '../revocation-list.ts';

type Handler = UnaryHandler<
  authentication.GetRevocationListRequest,
  authentication.GetRevocationListResponse,
  undefined
>;

/** Makes the handler of GetRevocationList. */
export function getRevocationList({ revocationList }: Parts): Handler {
  return async ({ knownNumber }) => {
    const list = await newestOf(revocationList);
    const number = BigInt(list.number);
    if (number === knownNumber) return { result: { $case: 'unchanged', value: {} } };
    return { result: { $case: 'list', value: { number, jwt: list.jwt } } };
  };
}

async function newestOf(lists: RevocationListPublisher): Promise<PublishedList> {
  try {
    return await lists.newest();
  } catch (error) {
    throw error instanceof NoList ? unavailable(error) : error;
  }
}
