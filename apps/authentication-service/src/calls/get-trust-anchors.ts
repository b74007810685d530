/**
 * GetTrustAnchors: where X.509 chains may end, unless the caller knows.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import type { UnaryHandler } from '@canopy/service';
import { NO_ANCHORS } from '../certificate-authority.ts';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<
  authentication.GetTrustAnchorsRequest,
  authentication.GetTrustAnchorsResponse,
  undefined
>;

/** Makes the handler of GetTrustAnchors, for anchors of a version. */
export function getTrustAnchors({ authority, config }: Parts, version: bigint): Handler {
  const { anchors, intermediates } = authority?.trust ?? NO_ANCHORS;
  const value = { version, domain: config.domain, anchors: [...anchors], intermediates: [...intermediates] };
  return ({ knownVersion }) =>
    // While replicas are replaced, one may have older anchors than the caller.
    Promise.resolve(
      knownVersion >= version
        ? { result: { $case: 'unchanged', value: {} } }
        : { result: { $case: 'anchors', value } },
    );
}
