import { Credential } from '@canopy/mls';
import { decode, encode } from '@canopy/codec';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { rootCertificates } from 'node:tls';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import {
  BasicConstraints,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_basicConstraints,
  id_ce_nameConstraints,
  NameConstraints,
  SubjectPublicKeyInfo,
  AlgorithmIdentifier,
} from '@peculiar/asn1-x509';
import { x509Credential } from '../../src/index.ts';
import { readCertificate } from '../../src/x509/certificate.ts';
import { extension } from './authority.ts';
import { device, issuing, present, reasonFor } from './judging.ts';

const alice = device(issuing);
const good = Buffer.from(alice.der);

/** What is said of the end entity when its bytes are these. */
function ofBytes(der: Uint8Array): Promise<string> {
  return reasonFor(present({ ...alice, der: Uint8Array.from(der) }, issuing));
}

/** What is said of an end entity whose bytes were made wrong before they were signed. */
function ofRequest(request: Parameters<typeof device>[1]): Promise<string> {
  return reasonFor(present(device(issuing, request), issuing));
}

describe('the bytes of a certificate', () => {
  it('are all of it: nothing may follow', async () => {
    expect(await ofBytes(good)).toBe('accepted');
    for (const more of [[0], [5, 0], [...good]]) {
      expect(await ofBytes(Buffer.concat([good, Buffer.from(more)]))).toBe('CERTIFICATE_MALFORMED');
    }
  });

  it('are refused wherever they are cut off', async () => {
    for (let length = 0; length < good.length; length++) {
      expect(await ofBytes(good.subarray(0, length))).toBe('CERTIFICATE_MALFORMED');
    }
  });

  it('are refused when they are something else', async () => {
    const others = ['', '-----BEGIN CERTIFICATE-----', '\x30\x00', '\x30\x80\x00\x00', '\x05\x00'];
    for (const other of others)
      expect(await ofBytes(Buffer.from(other, 'latin1'))).toBe('CERTIFICATE_MALFORMED');
    const pem = new NodeCertificate(good).toString();
    expect(await ofBytes(Buffer.from(pem))).toBe('CERTIFICATE_MALFORMED');
  });

  it('are refused in BER that is not DER', async () => {
    // The outer length in one byte more than it needs, then without any length.
    const body = good.subarray(4);
    const longer = Buffer.from([0x30, 0x83, 0, body.length >> 8, body.length & 0xff]);
    expect(await ofBytes(Buffer.concat([longer, body]))).toBe('CERTIFICATE_MALFORMED');
    const indefinite = Buffer.concat([Buffer.from([0x30, 0x80]), body, Buffer.from([0, 0])]);
    expect(await ofBytes(indefinite)).toBe('CERTIFICATE_MALFORMED');
  });

  it('are refused when they are nested without end, in good time', async () => {
    for (const opening of [
      [0x30, 0x80],
      [0xa0, 0x80],
      [0x24, 0x80],
    ]) {
      const bomb = Uint8Array.from({ length: 16_384 }, (_, index) => opening[index % 2] ?? 0);
      expect(await ofBytes(bomb)).toBe('CERTIFICATE_MALFORMED');
    }
    const sized = Array.from({ length: 4_000 }, (_, index) => [
      0x30,
      0x82,
      (16_000 - 4 * index) >> 8,
      (16_000 - 4 * index) & 0xff,
    ]);
    expect(await ofBytes(Uint8Array.from(sized.flat()))).toBe('CERTIFICATE_MALFORMED');
  });

  it('never are believed with one bit changed, and never break the judge', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(7), async (at, bit) => {
        const changed = Buffer.from(good);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(await ofBytes(changed)).not.toBe('accepted');
      }),
      { seed: 5280, numRuns: 400 },
    );
  });

  it('never break the judge, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await ofBytes(bytes)).toBe('CERTIFICATE_MALFORMED');
        const credential = decode(Credential, encode(Credential, x509Credential([bytes, bytes])));
        expect(await reasonFor({ ...present(alice), credential })).toBe('CERTIFICATE_MALFORMED');
      }),
      { seed: 5280, numRuns: 200 },
    );
  });
});

const spellCurve = (tbs: { subjectPublicKeyInfo: SubjectPublicKeyInfo }) =>
  (tbs.subjectPublicKeyInfo.algorithm.parameters = Uint8Array.from([0x30, 0]).buffer);

describe('the inside of a certificate', () => {
  it.each<[string, NonNullable<Parameters<typeof device>[1]>['change']]>([
    [
      'another algorithm than outside',
      (tbs) => (tbs.signature = new AlgorithmIdentifier({ algorithm: '1.2.3' })),
    ],
    ['a key that is none', (tbs) => (tbs.subjectPublicKeyInfo.subjectPublicKey = new ArrayBuffer(3))],
    [
      'two basic constraints',
      (tbs) => tbs.extensions?.push(extension(id_ce_basicConstraints, new BasicConstraints())),
    ],
    ['name constraints with a minimum', (tbs) => tbs.extensions?.push(constraintsWith({ minimum: 1 }))],
    ['name constraints with a maximum', (tbs) => tbs.extensions?.push(constraintsWith({ maximum: 1 }))],
    [
      'an extension that is no DER',
      (tbs) => {
        const last = tbs.extensions?.at(-1);
        if (last !== undefined)
          last.extnValue.buffer = Uint8Array.from([...new Uint8Array(last.extnValue.buffer), 0]).buffer;
      },
    ],
  ])('is refused with %s', async (_, change) => {
    if (change === undefined) throw new Error('a change expected');
    expect(await ofRequest({ change })).toBe('CERTIFICATE_MALFORMED');
  });

  it('has a named curve: one that is spelled out could be the attacker’s own', async () => {
    const leaf = present(device(issuing, { change: spellCurve }, 'p256'), issuing);
    expect(await reasonFor(leaf)).toBe('CERTIFICATE_KEY_NOT_ALLOWED');
  });

  it('has at most 64 names', async () => {
    const uris = Array.from({ length: 63 }, (_, index) => `https://example.com/${index}`);
    const one = 'mimi://example.com/d/alice/a1b2c3d4';
    expect(await ofRequest({ uris: [...uris, one] })).toBe('accepted');
    expect(await ofRequest({ uris: [...uris, 'https://example.com/more', one] })).toBe(
      'CERTIFICATE_MALFORMED',
    );
  });
});

describe('certificates of the world', () => {
  const roots = rootCertificates.map((pem) => new NodeCertificate(pem));

  it('are read as OpenSSL reads them, or refused for a key or a form that is not allowed here', () => {
    let read = 0;
    for (const theirs of roots) {
      const outcome = readOrReason(theirs.raw);
      if (typeof outcome === 'string') {
        expect(['CERTIFICATE_KEY_NOT_ALLOWED', 'CERTIFICATE_MALFORMED']).toContain(outcome);
        continue;
      }
      read += 1;
      expect(outcome.fingerprint.toUpperCase()).toBe(theirs.fingerprint256.replaceAll(':', ''));
      expect(BigInt(`0x${outcome.serialNumber}`)).toBe(BigInt(`0x${theirs.serialNumber}`));
      expect(outcome.notBefore).toBe(BigInt(Date.parse(theirs.validFrom) / 1000));
      expect(outcome.notAfter).toBe(BigInt(Date.parse(theirs.validTo) / 1000));
      expect(outcome.extensions.basicConstraints?.isCa).toBe(theirs.ca);
      expect(outcome.key.object.equals(theirs.publicKey)).toBe(true);
      expect(outcome.subject.key === outcome.issuer.key).toBe(theirs.subject === theirs.issuer);
    }
    expect(read).toBeGreaterThan(roots.length * 0.9);
  });
});

function constraintsWith(limits: Partial<GeneralSubtree>) {
  const base = new GeneralName({ uniformResourceIdentifier: 'example.com' });
  const constraints = new NameConstraints();
  constraints.permittedSubtrees = new GeneralSubtrees([new GeneralSubtree({ base, ...limits })]);
  return extension(id_ce_nameConstraints, constraints, true);
}

function readOrReason(der: Uint8Array): ReturnType<typeof readCertificate> | string {
  try {
    return readCertificate(Uint8Array.from(der));
  } catch (error) {
    return error instanceof Error && 'reason' in error ? String(error.reason) : 'no refusal';
  }
}
