import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  deviceCredential,
  deviceOfCredential,
  formatDeviceUri,
  formatUserUri,
  IdentityError,
  isDomain,
  parseDeviceUri,
  parseUserUri,
  userOfDevice,
} from '../src/index.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const domain = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const name = fc.stringMatching(/^[a-z0-9._-]{1,64}$/).filter((text) => text !== '.' && text !== '..');
const deviceId = fc.stringMatching(/^[a-z0-9]{8,64}$/);
const user = fc.record({ domain, name });
const device = fc.record({ domain, name, deviceId });

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof IdentityError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('the names of users and devices', () => {
  it('come back as they were written', () => {
    fc.assert(fc.property(user, (parts) => expect(parseUserUri(formatUserUri(parts))).toEqual(parts)));
    fc.assert(fc.property(device, (parts) => expect(parseDeviceUri(formatDeviceUri(parts))).toEqual(parts)));
  });

  it('have one spelling: whatever parses is what is written', () => {
    const near = fc
      .oneof(device.map(formatDeviceUri), fc.string())
      .chain((uri) =>
        fc
          .tuple(fc.nat(uri.length), fc.string({ maxLength: 2 }))
          .map(([at, more]) => uri.slice(0, at) + more + uri.slice(at + 1)),
      );
    fc.assert(
      fc.property(near, (uri) => {
        const outcome = codeOf(() => expect(formatDeviceUri(parseDeviceUri(uri))).toBe(uri));
        expect(['accepted', 'INVALID_DEVICE_URI']).toContain(outcome);
      }),
    );
  });

  it('tell the user of a device', () => {
    expect(userOfDevice('mimi://example.com/d/alice/a1b2c3d4')).toBe('mimi://example.com/u/alice');
  });

  it.each([
    '',
    'mimi://example.com/u/alice',
    'mimi://example.com/d/alice',
    'mimi://example.com/d/alice/a1b2c3d4/more',
    'mimi://example.com/d/alice/a1b2c3d4/',
    'mimi://example.com/d//a1b2c3d4',
    'mimi://example.com/d/../a1b2c3d4',
    'mimi://example.com/d/./a1b2c3d4',
    'mimi://example.com/d/Alice/a1b2c3d4',
    'mimi://example.com/d/al ice/a1b2c3d4',
    'mimi://example.com/d/alice/A1B2C3D4',
    'mimi://example.com/d/alice/a1b2c3d',
    `mimi://example.com/d/alice/${'a'.repeat(65)}`,
    `mimi://example.com/d/${'a'.repeat(65)}/a1b2c3d4`,
    'mimi://example.com/d/alice/a1b2c3d4\n',
    'MIMI://example.com/d/alice/a1b2c3d4',
    'mimi:/example.com/d/alice/a1b2c3d4',
    'mimi:///d/alice/a1b2c3d4',
    'mimi://Example.com/d/alice/a1b2c3d4',
    'mimi://example.com./d/alice/a1b2c3d4',
    'mimi://-example.com/d/alice/a1b2c3d4',
    'mimi://exämple.com/d/alice/a1b2c3d4',
    'mimi://example.com:443/d/alice/a1b2c3d4',
    `mimi://${'a'.repeat(64)}.com/d/alice/a1b2c3d4`,
    `mimi://example.com/d/alice/${'a'.repeat(100_000)}`,
  ])('are refused when they have another form: %.60j', (uri) => {
    expect(codeOf(() => parseDeviceUri(uri))).toBe('INVALID_DEVICE_URI');
    expect(codeOf(() => deviceCredential(uri))).toBe('INVALID_DEVICE_URI');
  });

  it('are not written from parts that could not be read again', () => {
    expect(codeOf(() => formatUserUri({ domain: 'example.com', name: 'a/d/b' }))).toBe('INVALID_USER_URI');
    expect(codeOf(() => parseUserUri('mimi://example.com/d/alice/a1b2c3d4'))).toBe('INVALID_USER_URI');
    expect(codeOf(() => formatDeviceUri({ domain: 'example.com', name: 'a', deviceId: 'x/y' }))).toBe(
      'INVALID_DEVICE_URI',
    );
  });

  it('have domains of at most 253 characters', () => {
    const long = Array.from({ length: 127 }, () => 'a').join('.');
    expect([isDomain(long), isDomain(`${long}.a`), isDomain('localhost'), isDomain('')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe('the credential of a device', () => {
  it('names it', () => {
    const uri = 'mimi://example.com/d/alice/a1b2c3d4';
    expect(deviceOfCredential(deviceCredential(uri))).toBe(uri);
  });

  it.each([
    ['is of another type', { credentialType: 2, certificates: [] } as const, 'INVALID_CREDENTIAL'],
    ['names nothing', { credentialType: 1, identity: new Uint8Array() } as const, 'INVALID_DEVICE_URI'],
    ['is too long', { credentialType: 1, identity: new Uint8Array(100_000) } as const, 'INVALID_DEVICE_URI'],
    [
      'has a byte that is no ASCII',
      { credentialType: 1, identity: Buffer.from('mimi://example.com/d/alicé/a1b2c3d4') } as const,
      'INVALID_DEVICE_URI',
    ],
  ])('is refused when it %s', (_, credential, code) => {
    expect(codeOf(() => deviceOfCredential(credential))).toBe(code);
  });
});
