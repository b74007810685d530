import { createPublicKey } from 'node:crypto';
import type { PresentedCredential } from '@canopy/mls';
import { KeyUsageFlags, Version } from '@peculiar/asn1-x509';
import { describe, expect, it } from '@jest/globals';
import {
  issue,
  newCertificateKey,
  NOW,
  rootCa,
  subordinateCa,
  type CertificateRequest,
} from './authority.ts';
import { DEVICE, device, issuing, judge, pairOf, present, reasonFor, root } from './judging.ts';

const UNKNOWN = { extnID: '1.2.3.4', critical: true };

/** A chain in which one thing is wrong with the end entity, or with the CA above it. */
const withEndEntity = (request: CertificateRequest): PresentedCredential =>
  present(device(issuing, request), issuing);
function withIssuer(request: CertificateRequest): PresentedCredential {
  const ca = subordinateCa(root, request);
  return present(device(ca), ca);
}

/** What is said of somebody below an anchor of this kind. */
const under = (request: CertificateRequest) => {
  const anchor = rootCa(request);
  return reasonFor(present(device(anchor)), judge({ anchors: [anchor.der] }));
};

/** What is said of somebody below a CA with a path length and so many CAs more. */
const chainUnder = (pathLength: number | undefined, cas: number, ofRoot?: number) => {
  const anchor = rootCa(ofRoot === undefined ? {} : { pathLength: ofRoot });
  const chain = [subordinateCa(anchor, pathLength === undefined ? {} : { pathLength })];
  for (let depth = 0; depth < cas; depth++) {
    chain.unshift(subordinateCa(chain[0] ?? anchor, { subject: { cn: `CA ${depth}` } }));
  }
  return reasonFor(present(device(chain[0] ?? anchor), ...chain), judge({ anchors: [anchor.der] }));
};

/** What is said of somebody below a CA whose RSA key has so many bytes. Nobody has its private key. */
const underRsa = (bytes: number) => {
  const n = Buffer.alloc(bytes, 0xff).toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
  const ca = issue(root, { ...root.key, publicKey }, { ca: true, subject: { cn: 'CA' } });
  return reasonFor(present(device({ subject: { cn: 'CA' }, key: root.key }), ca));
};

describe('a good chain', () => {
  it('is believed from its first second to its last', async () => {
    const leaf = withEndEntity({ notBefore: NOW - 10n, notAfter: NOW + 10n });
    const at = (now: bigint) => reasonFor(leaf, judge({ now: () => now }));
    expect(await at(NOW - 11n)).toBe('CERTIFICATE_NOT_YET_VALID');
    expect(await at(NOW - 10n)).toBe('accepted');
    expect(await at(NOW + 10n)).toBe('accepted');
    expect(await at(NOW + 11n)).toBe('CERTIFICATE_EXPIRED');
  });

  it('may have dates beyond 2050, which are written in another form', async () => {
    expect(await reasonFor(withEndEntity({ notAfter: 253_402_300_799n }))).toBe('accepted');
    expect(await reasonFor(withEndEntity({ notBefore: 2_600_000_000n, notAfter: 2_700_000_000n }))).toBe(
      'CERTIFICATE_NOT_YET_VALID',
    );
  });

  it('may have extensions that nobody knows, as long as they are not critical', async () => {
    const extensions = [{ ...UNKNOWN, critical: false }];
    expect(await reasonFor(withEndEntity({ extensions }))).toBe('accepted');
    expect(await reasonFor(withIssuer({ extensions }))).toBe('accepted');
  });

  it('may have a key that signs and does more', async () => {
    const { digitalSignature, nonRepudiation, keyCertSign, cRLSign } = KeyUsageFlags;
    expect(await reasonFor(withEndEntity({ keyUsage: digitalSignature | nonRepudiation }))).toBe('accepted');
    expect(await reasonFor(withIssuer({ keyUsage: digitalSignature | keyCertSign | cRLSign }))).toBe(
      'accepted',
    );
  });

  it.each([['1.3.6.1.5.5.7.3.40'], ['2.5.29.37.0'], ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.40']])(
    'may be for the purpose %s',
    async (...purposes) => {
      expect(await reasonFor(withEndEntity({ purposes }))).toBe('accepted');
      expect(await reasonFor(withIssuer({ purposes }))).toBe('accepted');
    },
  );
});

describe('an end entity', () => {
  it.each<[string, CertificateRequest]>([
    ['CERTIFICATE_EXPIRED', { notAfter: NOW - 1n }],
    ['CERTIFICATE_NOT_YET_VALID', { notBefore: NOW + 1n }],
    ['CERTIFICATE_UNKNOWN_CRITICAL_EXTENSION', { extensions: [UNKNOWN] }],
    // Policies are not judged here, so a certificate that insists on them is refused.
    ['CERTIFICATE_UNKNOWN_CRITICAL_EXTENSION', { extensions: [{ extnID: '2.5.29.32', critical: true }] }],
    [
      'END_ENTITY_IS_A_CA',
      { ca: true, keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign },
    ],
    ['END_ENTITY_MAY_NOT_SIGN', { keyUsage: KeyUsageFlags.keyAgreement }],
    ['END_ENTITY_MAY_NOT_SIGN', { keyUsage: KeyUsageFlags.nonRepudiation }],
    ['END_ENTITY_MAY_NOT_SIGN', { without: ['keyUsage'] }],
    ['CERTIFICATE_WRONG_PURPOSE', { purposes: ['1.3.6.1.5.5.7.3.1'] }],
    ['CERTIFICATE_MALFORMED', { version: Version.v1 }],
    ['CERTIFICATE_MALFORMED', { outside: 'ecdsa-sha384' }],
    ['CERTIFICATE_MALFORMED', { extensions: [{ extnID: '1.2.3.4' }, { extnID: '1.2.3.4' }] }],
    ['ISSUER_UNKNOWN', { issuer: { o: 'Example', cn: 'Nobody' } }],
    ['ISSUER_UNKNOWN', { issuer: {} }],
  ])('is refused with %s for %j', async (reason, request) => {
    expect(await reasonFor(withEndEntity(request))).toBe(reason);
  });

  it('is believed without basic constraints: it is no CA then', async () => {
    expect(await reasonFor(withEndEntity({ without: ['basicConstraints'] }))).toBe('accepted');
  });

  it('is refused when it signed itself', async () => {
    const key = newCertificateKey('ed25519');
    const subject = { cn: 'Alice' };
    const own = issue({ subject, key }, key, { subject, uris: [DEVICE] });
    const alice = { ...own, pair: pairOf(key) };
    expect(await reasonFor(present(alice))).toBe('ISSUER_UNKNOWN');
    expect(await reasonFor(present(alice, alice))).toBe('ISSUER_UNKNOWN');
    expect(await reasonFor(present(alice, issuing, root))).toBe('ISSUER_UNKNOWN');
    // Nor when it takes the name of a trusted CA.
    const named = issue({ ...root, key }, key, { subject: root.subject, uris: [DEVICE] });
    expect(await reasonFor(present({ ...named, pair: pairOf(key) }))).toBe('ISSUER_SIGNATURE_INVALID');
  });

  it('is refused when a CA of another trust issued it', async () => {
    const [other, namesake] = [rootCa({ subject: { cn: 'Other CA' } }), rootCa()];
    expect(await reasonFor(present(device(other), other))).toBe('ISSUER_UNKNOWN');
    expect(await reasonFor(present(device(namesake), namesake))).toBe('ISSUER_SIGNATURE_INVALID');
  });

  it('is refused when it was changed after signing', async () => {
    const alice = device(issuing);
    const at = Buffer.from(alice.der).indexOf('alice');
    const changed = Uint8Array.from(alice.der);
    changed.set(new TextEncoder().encode('mally'), at);
    const leaf = present({ ...alice, der: changed }, issuing);
    expect(await reasonFor(leaf)).toBe('ISSUER_SIGNATURE_INVALID');
  });

  it('is refused when another end entity issued it', async () => {
    const alice = device(issuing, { subject: { cn: 'Alice' } });
    const bob = device({ subject: { cn: 'Alice' }, key: alice.key });
    expect(await reasonFor(present(bob, alice, issuing))).toBe('ISSUER_NOT_A_CA');
  });
});

describe('a CA', () => {
  it.each<[string, CertificateRequest]>([
    ['CERTIFICATE_EXPIRED', { notAfter: NOW - 1n }],
    ['CERTIFICATE_NOT_YET_VALID', { notBefore: NOW + 1n }],
    ['CERTIFICATE_UNKNOWN_CRITICAL_EXTENSION', { extensions: [UNKNOWN] }],
    ['CERTIFICATE_WRONG_PURPOSE', { purposes: ['1.3.6.1.5.5.7.3.1'] }],
    ['ISSUER_NOT_A_CA', { ca: false, keyUsage: KeyUsageFlags.keyCertSign }],
    ['ISSUER_NOT_A_CA', { without: ['basicConstraints'] }],
    ['ISSUER_MAY_NOT_SIGN_CERTIFICATES', { keyUsage: KeyUsageFlags.digitalSignature }],
    ['ISSUER_MAY_NOT_SIGN_CERTIFICATES', { keyUsage: KeyUsageFlags.cRLSign }],
    ['ISSUER_MAY_NOT_SIGN_CERTIFICATES', { without: ['keyUsage'] }],
    ['CERTIFICATE_MALFORMED', { version: Version.v1 }],
    // A path length is only for a CA.
    ['CERTIFICATE_MALFORMED', { ca: false, pathLength: 1 }],
  ])('is refused with %s for %j', async (reason, request) => {
    expect(await reasonFor(withIssuer(request))).toBe(reason);
  });

  it('is refused at the root, too, for its own limits', async () => {
    expect(await under({})).toBe('accepted');
    expect(await under({ notAfter: NOW - 1n })).toBe('CERTIFICATE_EXPIRED');
    expect(await under({ without: ['keyUsage'] })).toBe('ISSUER_MAY_NOT_SIGN_CERTIFICATES');
    expect(await under({ extensions: [UNKNOWN] })).toBe('CERTIFICATE_UNKNOWN_CRITICAL_EXTENSION');
  });

  it('has no more CAs below it than it may have', async () => {
    expect(await chainUnder(0, 0)).toBe('accepted');
    expect(await chainUnder(0, 1)).toBe('PATH_TOO_LONG');
    expect(await chainUnder(1, 1)).toBe('accepted');
    expect(await chainUnder(1, 2)).toBe('PATH_TOO_LONG');
    // What is above counts on: nobody below may allow more again.
    expect(await chainUnder(5, 1, 1)).toBe('PATH_TOO_LONG');
    expect(await chainUnder(5, 1, 2)).toBe('accepted');
    expect(await chainUnder(undefined, 0, 0)).toBe('PATH_TOO_LONG');
  });

  it('is not below itself when it only renewed its key', async () => {
    const limited = subordinateCa(root, { pathLength: 0 });
    const renewed = subordinateCa(limited, { subject: limited.subject });
    expect(await reasonFor(present(device(renewed), renewed, limited))).toBe('accepted');
  });

  it('has a strong key', async () => {
    const weak = rootCa({}, 'rsa-1024');
    const middle = issue(root, weak.key, { ca: true, subject: { cn: 'Weak CA' } });
    const leaf = present(device({ subject: { cn: 'Weak CA' }, key: weak.key }), middle);
    expect(await reasonFor(leaf)).toBe('CERTIFICATE_KEY_NOT_ALLOWED');
  });

  it('has no key so long that verifying with it takes its time', async () => {
    // The shorter one gets no further than the signature.
    expect(await underRsa(1024)).toBe('ISSUER_SIGNATURE_INVALID');
    expect(await underRsa(1025)).toBe('CERTIFICATE_KEY_NOT_ALLOWED');
  });

  it.each(['rsa-sha1', 'rsa-md5', 'pss-empty'] as const)('does not sign with %s', async (scheme) => {
    const ca = subordinateCa(root, {}, 'rsa');
    expect(await reasonFor(present(device(ca), ca))).toBe('accepted');
    expect(await reasonFor(present(device({ ...ca, scheme }), ca))).toBe('CERTIFICATE_ALGORITHM_NOT_ALLOWED');
  });

  it('does not sign with ECDSA over SHA-1, nor is it signed so', async () => {
    const scheme = 'ecdsa-sha1';
    expect(await reasonFor(present(device({ ...issuing, scheme }), issuing))).toBe(
      'CERTIFICATE_ALGORITHM_NOT_ALLOWED',
    );
    const weak = subordinateCa({ ...root, scheme });
    expect(await reasonFor(present(device(weak), weak))).toBe('CERTIFICATE_ALGORITHM_NOT_ALLOWED');
  });

  it('does not call a signature by the name of another algorithm', async () => {
    // An ECDSA signature that is said to be an RSA one: the key alone would accept it.
    const leaf = present(device({ ...issuing, scheme: 'rsa-sha256' }), issuing);
    expect(await reasonFor(leaf)).toBe('ISSUER_SIGNATURE_INVALID');
  });

  it('signs with an algorithm of its key', async () => {
    const ca = subordinateCa(root, {}, 'rsa');
    // Issued by a key of another kind under the name of this one.
    const leaf = present(device({ subject: ca.subject, key: newCertificateKey('ed25519') }), ca);
    expect(await reasonFor(leaf)).toBe('ISSUER_SIGNATURE_INVALID');
  });
});
