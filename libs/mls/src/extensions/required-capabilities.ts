/**
 * What every member of a group has to support (RFC 9420 §11.1).
 *
 * @module
 */

import { struct, uint16, vector, type TypeOf } from '@canopy/codec';

/** The content of the `required_capabilities` extension (RFC 9420 §11.1). */
export const RequiredCapabilities = struct({
  extensionTypes: vector(uint16),
  proposalTypes: vector(uint16),
  credentialTypes: vector(uint16),
});
/** The content of the `required_capabilities` extension (RFC 9420 §11.1). */
export type RequiredCapabilities = TypeOf<typeof RequiredCapabilities>;
