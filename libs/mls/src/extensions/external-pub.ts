/**
 * The public key that an external Commit is made to (RFC 9420 §12.4.3.2).
 *
 * @module
 */

import { opaque, struct, type TypeOf } from '@canopy/codec';

/** The content of the `external_pub` extension of a GroupInfo (RFC 9420 §12.4.3.2). */
export const ExternalPub = struct({ externalPub: opaque });
/** The content of the `external_pub` extension of a GroupInfo (RFC 9420 §12.4.3.2). */
export type ExternalPub = TypeOf<typeof ExternalPub>;
