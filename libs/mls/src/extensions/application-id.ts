/**
 * An identifier that the application chose; the Authentication Service does not vouch for it (RFC 9420 §5.3.3).
 *
 * @module
 */

import { opaque, type Codec } from '@canopy/codec';

/** `opaque application_id<V>`: unauthenticated (RFC 9420 §5.3.3). */
export const ApplicationId: Codec<Uint8Array> = opaque;
