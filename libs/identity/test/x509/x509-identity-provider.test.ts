import { encode, decode } from '@canopy/codec';
import { Credential } from '@canopy/mls';
import { describe, expect, it } from '@jest/globals';
import {
  deviceOfX509Credential,
  IdentityError,
  MAX_CERTIFICATE_SIZE,
  MAX_CHAIN_LENGTH,
  nameIdentifiers,
  x509Credential,
  type IdentifierKind,
} from '../../src/index.ts';
import {
  issue,
  newCertificateKey,
  NOW,
  rootCa,
  subordinateCa,
  type KeyName,
  type SchemeName,
} from './authority.ts';
import { DEVICE, device, issuing, judge, KEY_OF_SUITE, pairOf, present, reasonFor, root } from './judging.ts';

/** The length of a vector of 64 to 16383 bytes (RFC 9420 §2.1.2). */
const header = (length: number) => Buffer.from([0x40 | (length >> 8), length & 0xff]);
const more = (count: number) => Array.from({ length: count }, () => issuing);
const filler = (size: number) => ({ ...issuing, der: new Uint8Array(size) });
const named = (uris: readonly string[]) => reasonFor(present(device(issuing, { uris }), issuing));

describe('a certificate chain', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])(
    'is believed for the signature key of suite %i [R5.3-03, R5.3-04]',
    async (suite) => {
      const leaf = present(device(issuing, {}, KEY_OF_SUITE[suite]), issuing);
      expect(await reasonFor(leaf)).toBe('accepted');
    },
  );

  it.each<[KeyName, SchemeName]>([
    ['p256', 'ecdsa-sha256'],
    ['p256', 'ecdsa-sha384'],
    ['p384', 'ecdsa-sha384'],
    ['p521', 'ecdsa-sha512'],
    ['ed25519', 'ed25519'],
    ['ed448', 'ed448'],
    ['rsa', 'rsa-sha256'],
    ['rsa', 'rsa-sha384'],
    ['rsa', 'rsa-sha512'],
    ['rsa', 'pss-sha256'],
    ['rsa', 'pss-sha384'],
    ['rsa', 'pss-sha512'],
  ])('is believed when CAs have %s keys and sign with %s', async (kind, scheme) => {
    const anchor = rootCa({}, kind, scheme);
    const middle = subordinateCa(anchor, {}, kind);
    const leaf = present(device({ ...middle, scheme }), middle);
    expect(await reasonFor(leaf, judge({ anchors: [anchor.der] }))).toBe('accepted');
  });

  it('is believed with the anchor in it and without', async () => {
    const alice = device(issuing);
    expect(await reasonFor(present(alice, issuing, root))).toBe('accepted');
    expect(await reasonFor(present(alice, issuing))).toBe('accepted');
    expect(await reasonFor(present(device(root)))).toBe('accepted');
  });

  it('may leave out intermediates that the others have [R5.3-05]', async () => {
    const lower = subordinateCa(issuing, { subject: { cn: 'Lower CA' } });
    const leaf = present(device(lower));
    expect(await reasonFor(leaf)).toBe('ISSUER_UNKNOWN');
    expect(await reasonFor(leaf, judge({ intermediates: [issuing.der] }))).toBe('ISSUER_UNKNOWN');
    expect(await reasonFor(leaf, judge({ intermediates: [issuing.der, lower.der] }))).toBe('accepted');
    // Also one in the middle, while another one is presented.
    const gap = present(device(lower), lower);
    expect(await reasonFor(gap, judge({ intermediates: [issuing.der] }))).toBe('accepted');
  });

  it('trusts no intermediate for being known', async () => {
    const stranger = rootCa();
    const leaf = present(device(stranger));
    expect(await reasonFor(leaf, judge({ intermediates: [stranger.der] }))).not.toBe('accepted');
  });

  it('comes back as it was written [R5.3-01]', () => {
    const { credential } = present(device(issuing), issuing);
    expect(decode(Credential, encode(Credential, credential))).toEqual(credential);
    const [first, second] = credential.credentialType === 2 ? credential.certificates : [];
    // Type 2, then the length of the list, then each certificate behind its own length (RFC 9420 §5.3).
    const parts = [first, second].map((part) => Buffer.from(part?.certData ?? []));
    const body = Buffer.concat(parts.flatMap((part) => [header(part.length), part]));
    const expected = Buffer.concat([Buffer.from([0, 2]), header(body.length), body]);
    expect(Buffer.from(encode(Credential, credential)).equals(expected)).toBe(true);
  });
});

describe('the first certificate', () => {
  it('has the key of the leaf [R5.3-03]', async () => {
    const leaf = present(device(issuing), issuing);
    const other = { ...leaf, signatureKey: device(issuing).pair.publicKey };
    expect(await reasonFor(other)).toBe('CERTIFICATE_OTHER_KEY');
    const longer = { ...leaf, signatureKey: Uint8Array.from([...leaf.signatureKey, 0]) };
    expect(await reasonFor(longer)).toBe('CERTIFICATE_OTHER_KEY');
  });

  it('is compared as an uncompressed point, however the certificate writes it [R5.3-03]', async () => {
    const key = newCertificateKey('p256');
    const raw = pairOf(key).publicKey;
    const compressed = Uint8Array.from([2 + ((raw[64] ?? 0) & 1), ...raw.subarray(1, 33)]);
    const certificate = issue(issuing, key, {
      uris: [DEVICE],
      change: (tbs) => (tbs.subjectPublicKeyInfo.subjectPublicKey = compressed.buffer),
    });
    const leaf = present({ ...certificate, pair: pairOf(key) }, issuing);
    expect(await reasonFor(leaf)).toBe('accepted');
    expect(await reasonFor({ ...leaf, signatureKey: compressed })).toBe('CERTIFICATE_OTHER_KEY');
  });

  it('has a key of a signature scheme of MLS [R5.1.2-01]', async () => {
    const rsa = issue(issuing, newCertificateKey('rsa'), { uris: [DEVICE] });
    const signatureKey = new Uint8Array(rsa.key.publicKey.export({ format: 'der', type: 'spki' }));
    const leaf = { credential: x509Credential([rsa.der, issuing.der]), signatureKey, extensions: [] };
    expect(await reasonFor(leaf)).toBe('CERTIFICATE_KEY_NOT_ALLOWED');
  });

  it.each<KeyName>(['x25519', 'secp256k1', 'rsa-1024'])('has no %s key [R5.1.2-01]', async (kind) => {
    const key = newCertificateKey(kind);
    const { der } = issue(issuing, key, { uris: [DEVICE] });
    const raw = kind === 'x25519' ? key.publicKey.export({ format: 'raw-public' }) : der;
    const leaf = { credential: x509Credential([der, issuing.der]), signatureKey: raw, extensions: [] };
    expect(await reasonFor(leaf)).toBe('CERTIFICATE_KEY_NOT_ALLOWED');
  });

  it('is the end entity: an empty list has none [R5.3-04]', async () => {
    const leaf = { ...present(device(issuing)), credential: x509Credential([]) };
    expect(await reasonFor(leaf)).toBe('CHAIN_EMPTY');
  });

  it('is the end entity: a reversed chain begins with a CA [R5.3-04]', async () => {
    const alice = device(issuing);
    const reversed = { ...present(alice), credential: x509Credential([root.der, issuing.der, alice.der]) };
    expect(await reasonFor(reversed)).toBe('CERTIFICATE_OTHER_KEY');
    // Not even with the key of the CA.
    expect(await reasonFor({ ...reversed, signatureKey: pairOf(root.key).publicKey })).toBe(
      'END_ENTITY_IS_A_CA',
    );
  });

  it('is followed by its issuer and so on upwards [R5.3-04]', async () => {
    const lower = subordinateCa(issuing, { subject: { cn: 'Lower CA' } });
    const alice = device(lower);
    expect(await reasonFor(present(alice, lower, issuing))).toBe('accepted');
    expect(await reasonFor(present(alice, issuing, lower))).toBe('ISSUER_UNKNOWN');
  });
});

describe('a credential', () => {
  it('is not believed when it is no chain', async () => {
    const credential = { credentialType: 1, identity: new TextEncoder().encode(DEVICE) } as const;
    const leaf = { ...present(device(issuing)), credential };
    expect(await reasonFor(leaf)).toBe('CREDENTIAL_NOT_X509');
    expect(await judge().validateSuccessor(leaf, leaf)).toEqual({
      valid: false,
      reason: 'CREDENTIAL_NOT_X509',
    });
  });

  it('has at most eight certificates', async () => {
    const alice = device(issuing);
    expect(await reasonFor(present(alice, ...more(MAX_CHAIN_LENGTH - 1)))).toBe('accepted');
    expect(await reasonFor(present(alice, ...more(MAX_CHAIN_LENGTH)))).toBe('CHAIN_TOO_LONG');
  });

  it('has certificates of at most 16 KiB, and 48 KiB of them', async () => {
    const alice = device(issuing);
    expect(await reasonFor(present(alice, filler(MAX_CERTIFICATE_SIZE + 1)))).toBe('CERTIFICATE_TOO_LARGE');
    expect(await reasonFor(present(alice, filler(MAX_CERTIFICATE_SIZE)))).toBe('CERTIFICATE_MALFORMED');
    const big = filler(MAX_CERTIFICATE_SIZE);
    expect(await reasonFor(present(alice, big, big, big))).toBe('CHAIN_TOO_LARGE');
  });

  it('names one device of the domain', async () => {
    expect(await named([])).toBe('IDENTITY_MISSING');
    expect(await named(['https://example.com/alice'])).toBe('IDENTITY_MISSING');
    expect(await named(['mimi://example.com/u/alice'])).toBe('IDENTITY_NOT_A_DEVICE');
    expect(await named(['mimi://example.com/d/alice/A1B2C3D4'])).toBe('IDENTITY_NOT_A_DEVICE');
    expect(await named(['MIMI://example.com/d/alice/a1b2c3d4'])).toBe('IDENTITY_NOT_A_DEVICE');
    expect(await named(['mimi://example.org/d/alice/a1b2c3d4'])).toBe('IDENTITY_WRONG_DOMAIN');
    expect(await named([DEVICE, 'mimi://example.com/d/mallory/a1b2c3d4'])).toBe('IDENTITY_AMBIGUOUS');
    expect(await named([DEVICE, DEVICE])).toBe('IDENTITY_AMBIGUOUS');
    expect(await named(['https://example.com/alice', DEVICE])).toBe('accepted');
  });

  it('tells its device to whoever asks, believed or not', () => {
    expect(deviceOfX509Credential(present(device(rootCa())).credential)).toBe(DEVICE);
    const nameless = present(device(issuing, { uris: [] })).credential;
    expect(() => deviceOfX509Credential(nameless)).toThrow(IdentityError);
    expect(() => deviceOfX509Credential(x509Credential([]))).toThrow('CHAIN_EMPTY');
  });
});

describe('a successor', () => {
  it('names the same device, whatever else it names [R5.3.1-07]', async () => {
    const old = present(device(issuing));
    const renewed = present(
      device(root, { subject: { cn: 'Other' }, uris: ['https://example.com/', DEVICE] }),
    );
    expect(await judge().validateSuccessor(old, renewed)).toEqual({ valid: true });
  });

  it.each([
    ['SUCCESSOR_OTHER_IDENTITY', ['mimi://example.com/d/mallory/a1b2c3d4']],
    ['SUCCESSOR_OTHER_IDENTITY', ['mimi://example.com/d/alice/b1b2c3d4']],
    ['IDENTITY_WRONG_DOMAIN', ['mimi://example.org/d/alice/a1b2c3d4']],
    ['IDENTITY_AMBIGUOUS', [DEVICE, 'mimi://example.com/d/mallory/a1b2c3d4']],
    ['IDENTITY_MISSING', []],
  ])('is refused with %s when it names %j [R5.3.1-07]', async (reason, uris) => {
    const [old, renewed] = [present(device(issuing)), present(device(issuing, { uris }))];
    expect(await judge().validateSuccessor(old, renewed)).toEqual({ valid: false, reason });
  });

  it('may follow an expired certificate [R5.3.2-01]', async () => {
    const by = judge();
    const old = present(device(issuing, { notAfter: NOW - 1n }), issuing);
    const renewed = present(device(issuing), issuing);
    expect(await reasonFor(old, by)).toBe('CERTIFICATE_EXPIRED');
    expect(await by.validateSuccessor(old, renewed)).toEqual({ valid: true });
    expect(await reasonFor(renewed, by)).toBe('accepted');
  });
});

describe('whom a certificate stands for', () => {
  it('is its device, whichever certificate it shows', () => {
    const by = judge();
    const [old, renewed, other] = [
      [DEVICE],
      ['https://example.com/', DEVICE],
      ['mimi://example.com/d/bob/a1b2c3d4'],
    ].map((uris) => by.identifierOf?.(present(device(issuing, { uris }))));
    expect(old).toBe(renewed);
    expect(old).not.toBe(other);
  });

  it('is all of its names that count, in any order', () => {
    const by = judge({ identifiers: nameIdentifiers(['uri', 'subject']) });
    const uris = ['https://example.com/a', 'https://example.com/b'];
    const name = (all: readonly string[]) => by.identifierOf?.(present(device(issuing, { uris: all })));
    expect(name(uris)).toBe(name(uris.toReversed()));
    expect(name(uris)).not.toBe(name(uris.slice(1)));
  });

  it('is nobody else when it has no name that counts', () => {
    const [one, other] = [present(device(issuing, { uris: [] })), present(device(issuing, { uris: [] }))];
    const by = judge();
    expect(by.identifierOf?.(one)).toBe(by.identifierOf?.(one));
    expect(by.identifierOf?.(one)).not.toBe(by.identifierOf?.(other));
  });
});

describe('identifiers of other kinds', () => {
  const names = [{ dNSName: 'Host.Example.com' }, { rfc822Name: 'alice@example.com' }];
  const someone = { subject: { o: 'Example', cn: 'Alice' }, uris: ['https://example.com/alice'], names };

  it.each<[IdentifierKind, object, object]>([
    ['subject', { subject: { o: 'example', cn: ' alice ' } }, { subject: { o: 'Example', cn: 'Mallory' } }],
    ['uri', { subject: { cn: 'Other' } }, { uris: ['https://example.com/mallory'] }],
    ['dns', { names: [{ dNSName: 'host.example.com' }] }, { names: [{ dNSName: 'other.example.com' }] }],
    ['email', { uris: [] }, { names: [{ rfc822Name: 'ALICE@example.com' }] }],
  ])('can be the %s: a successor has the same', async (kind, same, different) => {
    const by = judge({ identifiers: nameIdentifiers([kind]) });
    const [old, good, bad] = [{}, same, different].map((change) =>
      present(device(issuing, { ...someone, ...change }), issuing),
    );
    if (old === undefined || good === undefined || bad === undefined) throw new Error('three expected');
    expect([await reasonFor(old, by), await reasonFor(bad, by)]).toEqual(['accepted', 'accepted']);
    expect(await by.validateSuccessor(old, good)).toEqual({ valid: true });
    expect(await by.validateSuccessor(old, bad)).toEqual({
      valid: false,
      reason: 'SUCCESSOR_OTHER_IDENTITY',
    });
  });

  it('count all together, none more and none less', async () => {
    const by = judge({ identifiers: nameIdentifiers(['dns', 'email']) });
    const both = present(device(issuing, someone));
    const fewer = present(device(issuing, { ...someone, names: names.slice(0, 1) }));
    for (const [old, renewed] of [[both, fewer] as const, [fewer, both] as const]) {
      expect(await by.validateSuccessor(old, renewed)).toMatchObject({ reason: 'SUCCESSOR_OTHER_IDENTITY' });
    }
  });

  it('have to be there', async () => {
    const by = judge({ identifiers: nameIdentifiers(['dns', 'subject']) });
    expect(await reasonFor(present(device(issuing, { subject: {} }), issuing), by)).toBe('IDENTITY_MISSING');
  });
});

describe('the configuration', () => {
  it.each([
    ['no anchor', { anchors: [] }],
    ['an anchor that is none', { anchors: [new Uint8Array(9)] }],
    ['an anchor that is no CA', { anchors: [device(root).der] }],
    ['an intermediate that is none', { intermediates: [new Uint8Array(9)] }],
    ['an intermediate that is no CA', { intermediates: [device(root).der] }],
  ])('is refused with %s', (_, options) => {
    expect(() => judge(options)).toThrow(expect.objectContaining({ code: 'INVALID_CERTIFICATE' }));
  });
});
