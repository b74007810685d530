import { describe, expect, it } from '@jest/globals';
import { readCertificate, type X509Certificate } from '../../src/x509/certificate.ts';
import { CertificateMemory } from '../../src/x509/certificate-memory.ts';
import { SignatureMemory } from '../../src/x509/signature-memory.ts';
import {
  issue,
  newCertificateKey,
  NOW,
  rootCa,
  subordinateCa,
  type Issued,
  type Signer,
} from './authority.ts';
import { device, issuing, judge, present, reasonFor, root } from './judging.ts';

function certify(by: Signer, whom: Signer): Issued {
  return issue(by, whom.key, { ca: true, subject: whom.subject });
}

/** Two CAs that certify each other. */
function circle(): readonly [Signer, Signer, Issued, Issued] {
  const [a, b] = [{ cn: 'A' }, { cn: 'B' }].map((subject) => ({ subject, key: newCertificateKey('p256') }));
  if (a === undefined || b === undefined) throw new Error('two expected');
  return [a, b, certify(b, a), certify(a, b)];
}

describe('the search for a path', () => {
  it('ends when CAs certify each other in a circle', async () => {
    const [a, , aByB, bByA] = circle();
    const intermediates = [aByB.der, bByA.der];
    expect(await reasonFor(present(device(a)), judge({ intermediates }))).toBe('ISSUER_UNKNOWN');
    expect(await reasonFor(present(device(a), aByB, bByA, aByB, bByA))).toBe('ISSUER_UNKNOWN');
  });

  it('finds the way out of a circle', async () => {
    const [a, b, aByB, bByA] = circle();
    const bByRoot = issue(root, b.key, { ca: true, subject: b.subject });
    for (const intermediates of [
      [aByB, bByA, bByRoot],
      [bByRoot, bByA, aByB],
    ]) {
      const by = judge({ intermediates: intermediates.map(({ der }) => der) });
      expect(await reasonFor(present(device(a)), by)).toBe('accepted');
    }
  });

  it('tries another way when one is barred', async () => {
    const key = newCertificateKey('p256');
    const subject = { cn: 'CA' };
    const expired = issue(root, key, { ca: true, subject, notAfter: NOW - 1n });
    const good = issue(root, key, { ca: true, subject });
    const alice = device({ subject, key });
    expect(await reasonFor(present(alice, expired))).toBe('CERTIFICATE_EXPIRED');
    expect(await reasonFor(present(alice, expired, good))).toBe('accepted');
    expect(await reasonFor(present(alice, expired), judge({ intermediates: [good.der] }))).toBe('accepted');
  });

  it('gives the reason of the way that was found first, when all are barred', async () => {
    const key = newCertificateKey('p256');
    const subject = { cn: 'CA' };
    const expired = issue(root, key, { ca: true, subject, notAfter: NOW - 1n });
    const future = issue(root, key, { ca: true, subject, notBefore: NOW + 1n });
    const alice = device({ subject, key });
    expect(await reasonFor(present(alice, expired, future))).toBe('CERTIFICATE_EXPIRED');
    expect(await reasonFor(present(alice, future, expired))).toBe('CERTIFICATE_NOT_YET_VALID');
  });

  it('tells CAs of the same name apart by their keys', async () => {
    const namesakes = [1, 2, 3].map(() => rootCa());
    const by = judge({ anchors: [...namesakes, root].map(({ der }) => der) });
    expect(await reasonFor(present(device(root)), by)).toBe('accepted');
  });

  it('goes no further than it may: eight certificates from end to end', async () => {
    const chain = [subordinateCa(root, { subject: { cn: 'CA 0' } })];
    const lengthen = () => {
      const above = chain[0] ?? root;
      chain.unshift(subordinateCa(above, { subject: { cn: `CA ${chain.length}` } }));
      return above;
    };
    while (chain.length < 6) lengthen();
    expect(await reasonFor(present(device(chain[0] ?? root), ...chain))).toBe('accepted');
    lengthen();
    expect(await reasonFor(present(device(chain[0] ?? root), ...chain))).toBe('PATH_TOO_LONG');
    const further = judge({ limits: { pathLength: 9 } });
    expect(await reasonFor(present(device(chain[0] ?? root), ...chain), further)).toBe('accepted');
  });

  it('takes no more steps than it may', async () => {
    // Each of these CAs could have issued each other one: the number of ways grows like a factorial.
    const key = newCertificateKey('p256');
    const subject = { cn: 'CA' };
    const ring = Array.from({ length: 7 }, (_, index) =>
      issue({ subject, key }, key, { ca: true, subject, serialNumber: `0${index + 1}` }),
    );
    const leaf = present(device({ subject, key }), ...ring);
    expect(await reasonFor(leaf)).toBe('PATH_SEARCH_TOO_LONG');
    const known = judge({ intermediates: ring.map(({ der }) => der) });
    expect(await reasonFor(present(device({ subject, key })), known)).toBe('PATH_SEARCH_TOO_LONG');
    const few = judge({ limits: { steps: 2 } });
    expect(await reasonFor(present(device(issuing), issuing), few)).toBe('accepted');
    expect(await reasonFor(present(device(issuing), issuing), judge({ limits: { steps: 1 } }))).toBe(
      'PATH_SEARCH_TOO_LONG',
    );
  });
});

describe('remembered signatures', () => {
  it('do not make another certificate believed', async () => {
    const by = judge({ capacity: { signatures: 2, certificates: 2 } });
    const [alice, bob] = [device(issuing), device(rootCa({ subject: issuing.subject }))];
    expect(await reasonFor(present(alice, issuing), by)).toBe('accepted');
    expect(await reasonFor(present(alice, issuing), by)).toBe('accepted');
    expect(await reasonFor(present(bob, issuing), by)).toBe('ISSUER_SIGNATURE_INVALID');
    for (let more = 0; more < 3; more++) {
      expect(await reasonFor(present(device(issuing), issuing), by)).toBe('accepted');
    }
    expect(await reasonFor(present(alice, issuing), by)).toBe('accepted');
  });

  it('are those of one key, not of a name', async () => {
    const by = judge();
    const alice = device(issuing);
    expect(await reasonFor(present(alice, issuing), by)).toBe('accepted');
    const namesake = subordinateCa(root, { subject: issuing.subject });
    expect(await reasonFor(present(alice, namesake), by)).toBe('ISSUER_SIGNATURE_INVALID');
  });

  it('make room for newer ones', async () => {
    const memory = new SignatureMemory(2);
    const ca = readCertificate(issuing.der);
    const scheme = { key: 'ec', hash: 'sha256' } as const;
    const certificates = [1, 2, 3].map(() => readCertificate(device(issuing).der));
    for (const certificate of certificates)
      expect(await memory.isSignedBy(certificate, ca, scheme)).toBe(true);
    // From now on no signature holds: what is remembered still counts, what is forgotten is verified and refused.
    const isRemembered = (certificate: X509Certificate) =>
      memory.isSignedBy(
        { ...certificate, signed: { data: new Uint8Array(), signature: new Uint8Array() } },
        ca,
        scheme,
      );
    expect(await Promise.all(certificates.map(isRemembered))).toEqual([false, true, true]);
  });

  it('are remembered beside the certificates, of which the least recently used make room', () => {
    const memory = new CertificateMemory(2);
    const [a, b, c] = [device(issuing).der, device(issuing).der, device(issuing).der];
    const first = memory.read(a);
    memory.read(b);
    expect(memory.read(a)).toBe(first);
    const second = memory.read(b);
    memory.read(a);
    memory.read(c);
    expect(memory.size).toBe(2);
    expect(memory.read(a)).toBe(first);
    expect(memory.read(b)).not.toBe(second);
    expect(() => memory.read(new Uint8Array(3))).toThrow('CERTIFICATE_MALFORMED');
    expect(memory.size).toBe(2);
  });

  it('do not outlive a certificate', async () => {
    let now = NOW;
    const by = judge({ now: () => now });
    const leaf = present(device(issuing, { notAfter: NOW + 1n }), issuing);
    expect(await reasonFor(leaf, by)).toBe('accepted');
    now += 2n;
    expect(await reasonFor(leaf, by)).toBe('CERTIFICATE_EXPIRED');
  });
});
