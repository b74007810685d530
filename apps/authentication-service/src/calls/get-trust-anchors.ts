/**
 * GetTrustAnchors: where X.509 chains may end, unless the caller knows.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import type { UnaryHandler } from '@canopy/service';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<
  authentication.GetTrustAnchorsRequest,
  authentication.GetTrustAnchorsResponse,
  undefined
>;

/** Makes the handler of GetTrustAnchors. */
export function getTrustAnchors({ trustAnchors, config }: Parts): Handler {
  const { anchors, intermediates } = trustAnchors.anchors;
  const value = { domain: config.domain, anchors: [...anchors], intermediates: [...intermediates] };
  return ({ knownVersion }) => {
    const { version } = trustAnchors;
    // While replicas are replaced, one may have older anchors than the caller.
    return Promise.resolve(
      knownVersion >= version
        ? { result: { $case: 'unchanged', value: {} } }
        : { result: { $case: 'anchors', value: { version, ...value } } },
    );
  };
}
