/**
 * What a claim may name.
 *
 * @module
 */
import { FieldError } from '@canopy/contract';
import { IdentityError, parseDeviceUri, parseUserUri } from '@canopy/identity';

/** The names in a claim. */
export interface ClaimNames {
  readonly users: readonly string[];
  readonly devices: readonly string[];
}

/** Requires that a claim names somebody, not too many, and nothing but users and devices. @throws {FieldError} */
export function requireNames({ users, devices }: ClaimNames, maximum: number): void {
  const count = users.length + devices.length;
  if (count === 0) throw new FieldError('users', 'or devices must name somebody');
  if (count > maximum) {
    const field = users.length >= devices.length ? 'users' : 'devices';
    throw new FieldError(field, `users and devices must be at most ${maximum} together, are ${count}`);
  }
  for (const [index, user] of users.entries()) requireForm(`users[${index}]`, () => parseUserUri(user));
  for (const [index, device] of devices.entries()) {
    requireForm(`devices[${index}]`, () => parseDeviceUri(device));
  }
}

function requireForm(field: string, parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    throw new FieldError(field, 'is not such a name', { cause: error });
  }
}
