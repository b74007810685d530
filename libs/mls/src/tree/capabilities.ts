/**
 * What a client supports beyond the defaults (RFC 9420 §7.2).
 *
 * @module
 */

import { recurring, struct, uint16, vector, type TypeOf } from '@canopy/codec';

/** Lists of supported code points; unknown values are carried along (RFC 9420 §7.2). */
export const Capabilities = recurring(
  struct({
    versions: vector(uint16),
    cipherSuites: vector(uint16),
    extensions: vector(uint16),
    proposals: vector(uint16),
    credentials: vector(uint16),
  }),
);
/** Lists of supported code points (RFC 9420 §7.2). */
export type Capabilities = TypeOf<typeof Capabilities>;
