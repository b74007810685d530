/**
 * What a leaf supports and what a group requires, as the stock compares them (RFC 9420 §7.2, §11.1).
 *
 * @module
 */
import { FieldError, type directory } from '@canopy/contract';
import { isDefaultExtensionType, isDefaultProposalType, isGrease, type Capabilities } from '@canopy/mls';
import type { StockCapabilities } from '@canopy/storage';
import { RefusedKeyPackage } from './refused-key-package.ts';

/** A claim compares each of them. */
const MAX_SUPPORTED = 256;
const MAX_REQUIRED = 64;
const MAX_CODE_POINT = 0xffff;

/** Gives what a leaf supports. Values of GREASE, new in every KeyPackage, say nothing. @throws {RefusedKeyPackage} */
export function supportedBy({ extensions, proposals, credentials }: Capabilities): StockCapabilities {
  const supported = {
    extensions: extensions.filter((type) => !isGrease(type)),
    proposals: proposals.filter((type) => !isGrease(type)),
    credentials: credentials.filter((type) => !isGrease(type)),
  };
  const count = Object.values(supported).reduce((sum, { length }) => sum + length, 0);
  if (count > MAX_SUPPORTED) throw new RefusedKeyPackage('TOO_MANY_CAPABILITIES', 'TOO_MANY_CODE_POINTS');
  return supported;
}

/** Gives what a claim requires of a leaf beyond what every leaf supports. @throws {FieldError} */
export function requiredBy(required: directory.RequiredCapabilities | undefined): StockCapabilities {
  const { extensionTypes = [], proposalTypes = [], credentialTypes = [] } = required ?? {};
  requireTypes('extension_types', extensionTypes);
  requireTypes('proposal_types', proposalTypes);
  requireTypes('credential_types', credentialTypes);
  return {
    extensions: extensionTypes.filter((type) => !isDefaultExtensionType(type)),
    proposals: proposalTypes.filter((type) => !isDefaultProposalType(type)),
    credentials: credentialTypes,
  };
}

function requireTypes(name: string, types: readonly number[]): void {
  const field = `required_capabilities.${name}`;
  if (types.length > MAX_REQUIRED) throw new FieldError(field, `must be at most ${MAX_REQUIRED}`);
  const wrong = types.findIndex((type) => type > MAX_CODE_POINT);
  if (wrong >= 0) throw new FieldError(`${field}[${wrong}]`, 'must be a code point of 16 bits');
}
