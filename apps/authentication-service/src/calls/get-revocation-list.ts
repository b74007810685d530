/**
 * GetRevocationList: the newest signed list, unless the caller has it.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import type { UnaryHandler } from '@canopy/service';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<
  authentication.GetRevocationListRequest,
  authentication.GetRevocationListResponse,
  undefined
>;

/** Makes the handler of GetRevocationList. */
export function getRevocationList({ revocationList }: Parts): Handler {
  return async ({ knownNumber }) => {
    const list = await revocationList.newest();
    const number = BigInt(list.number);
    if (number === knownNumber) return { result: { $case: 'unchanged', value: {} } };
    return { result: { $case: 'list', value: { number, jwt: list.jwt } } };
  };
}
