import { parseDeviceUri, userOfDevice } from '@canopy/identity';
import { describe, expect, it } from '@jest/globals';
import { makeDeviceUri } from '../../src/rules/device-id.ts';

describe('the name of a new device', () => {
  it('belongs to its user and is never the same twice', () => {
    const user = 'mimi://example.com/u/alice';
    const names = Array.from({ length: 1_000 }, () => makeDeviceUri(user));
    expect(new Set(names).size).toBe(1_000);
    expect(names.every((name) => userOfDevice(name) === user)).toBe(true);
    expect(parseDeviceUri(names[0] ?? '').deviceId).toMatch(/^[a-z2-7]{20}$/);
  });
});
