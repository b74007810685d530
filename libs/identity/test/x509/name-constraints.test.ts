import type { GeneralName } from '@peculiar/asn1-x509';
import { describe, expect, it } from '@jest/globals';
import { nameIdentifiers } from '../../src/index.ts';
import { nameOf, rootCa, subordinateCa, type CertificateRequest } from './authority.ts';
import { DEVICE, device, judge, present, reasonFor, root } from './judging.ts';

type Names = readonly Partial<GeneralName>[];

const uri = (text: string) => ({ uniformResourceIdentifier: text });
const dns = (text: string) => ({ dNSName: text });
const mail = (text: string) => ({ rfc822Name: text });
const directory = (name: Parameters<typeof nameOf>[0]) => ({ directoryName: nameOf(name) });

const byAnyName = judge({ identifiers: nameIdentifiers(['uri', 'dns', 'email', 'subject']) });

/** What is said of somebody below a CA with constraints. */
function below(constraints: CertificateRequest, someone: CertificateRequest): Promise<string> {
  const ca = subordinateCa(root, constraints);
  return reasonFor(present(device(ca, { uris: [], ...someone }), ca), byAnyName);
}

const hosts = (count: number) => Array.from({ length: count }, (_, index) => uri(`${index}.example.com`));

describe('permitted names', () => {
  it.each<[string, Names, CertificateRequest, string]>([
    ['a host', [uri('example.com')], { uris: [DEVICE] }, 'accepted'],
    ['a host, in capitals', [uri('EXAMPLE.com')], { uris: [DEVICE] }, 'accepted'],
    [
      'a host with a port and a user',
      [uri('example.com')],
      { uris: ['mimi://me@Example.com:443/d'] },
      'accepted',
    ],
    ['another host', [uri('example.com')], { uris: ['mimi://example.org/d/a'] }, 'NAME_NOT_PERMITTED'],
    ['a host below', [uri('example.com')], { uris: ['mimi://a.example.com/d/a'] }, 'NAME_NOT_PERMITTED'],
    ['a host below', [uri('.example.com')], { uris: ['mimi://a.example.com/d/a'] }, 'accepted'],
    ['the domain itself', [uri('.example.com')], { uris: [DEVICE] }, 'NAME_NOT_PERMITTED'],
    [
      'a host that only ends so',
      [uri('.example.com')],
      { uris: ['mimi://badexample.com/'] },
      'NAME_NOT_PERMITTED',
    ],
    [
      'a host in the user part',
      [uri('example.com')],
      { uris: ['mimi://example.com@evil.org/'] },
      'NAME_NOT_PERMITTED',
    ],
    [
      'one good and one bad',
      [uri('example.com')],
      { uris: [DEVICE, 'mimi://evil.org/'] },
      'NAME_NOT_PERMITTED',
    ],
    ['one of two', [uri('example.org'), uri('example.com')], { uris: [DEVICE] }, 'accepted'],
    ['names of another form only', [uri('example.com')], { names: [dns('evil.org')] }, 'accepted'],

    ['a DNS name', [dns('example.com')], { names: [dns('example.com')] }, 'accepted'],
    ['a DNS name below', [dns('example.com')], { names: [dns('a.B.example.com')] }, 'accepted'],
    ['a wildcard below', [dns('example.com')], { names: [dns('*.example.com')] }, 'accepted'],
    ['all DNS names', [dns('')], { names: [dns('a.org')] }, 'accepted'],
    ['another DNS name', [dns('example.com')], { names: [dns('badexample.com')] }, 'NAME_NOT_PERMITTED'],
    ['the domain itself', [dns('.example.com')], { names: [dns('example.com')] }, 'NAME_NOT_PERMITTED'],

    ['a mailbox', [mail('me@example.com')], { names: [mail('me@EXAMPLE.com')] }, 'accepted'],
    ['another mailbox', [mail('me@example.com')], { names: [mail('Me@example.com')] }, 'NAME_NOT_PERMITTED'],
    ['a mailbox of a host', [mail('example.com')], { names: [mail('me@example.com')] }, 'accepted'],
    ['one below', [mail('example.com')], { names: [mail('me@a.example.com')] }, 'NAME_NOT_PERMITTED'],
    ['one below', [mail('.example.com')], { names: [mail('me@a.example.com')] }, 'accepted'],
    [
      'a mailbox in the subject',
      [mail('example.com')],
      { subject: { email: 'me@evil.org' } },
      'NAME_NOT_PERMITTED',
    ],

    ['a subject', [directory({ o: 'Example' })], { subject: { o: 'EXAMPLE ', cn: 'Alice' } }, 'accepted'],
    [
      'another subject',
      [directory({ o: 'Example' })],
      { subject: { o: 'Evil', cn: 'Alice' } },
      'NAME_NOT_PERMITTED',
    ],
    [
      'a shorter one',
      [directory({ o: 'Example', ou: 'R' })],
      { subject: { o: 'Example' } },
      'NAME_NOT_PERMITTED',
    ],
    [
      'an alternative one',
      [directory({ o: 'Example' })],
      { names: [directory({ o: 'Evil' })] },
      'NAME_NOT_PERMITTED',
    ],
  ])('%s: %j allows %j: %s', async (_, permitted, someone, outcome) => {
    expect(await below({ permitted }, someone)).toBe(outcome);
  });

  it('have to be permitted by all CAs above', async () => {
    const upper = subordinateCa(root, { permitted: [uri('example.com'), uri('example.org')] });
    const lower = subordinateCa(upper, {
      subject: { cn: 'Lower' },
      permitted: [uri('example.com'), uri('evil.org')],
    });
    const under = (text: string) =>
      reasonFor(present(device(lower, { uris: [text] }), lower, upper), byAnyName);
    expect(await under(DEVICE)).toBe('accepted');
    expect(await under('mimi://example.org/d')).toBe('NAME_NOT_PERMITTED');
    expect(await under('mimi://evil.org/d')).toBe('NAME_NOT_PERMITTED');
  });

  it('count for the CAs below, too, unless one only renewed its key', async () => {
    const upper = subordinateCa(root, { permitted: [directory({ o: 'Example', ou: 'R' })] });
    const someone = { subject: { o: 'Example', ou: 'R', cn: 'Alice' } };
    const good = subordinateCa(upper, { subject: { o: 'Example', ou: 'R' } });
    const bad = subordinateCa(upper, { subject: { o: 'Evil' } });
    const renewed = subordinateCa(upper, { subject: upper.subject });
    const under = (ca: typeof good) => reasonFor(present(device(ca, someone), ca, upper), byAnyName);
    expect([await under(good), await under(bad), await under(renewed)]).toEqual([
      'accepted',
      'NAME_NOT_PERMITTED',
      'accepted',
    ]);
  });

  it('are at most 64, with the excluded ones', async () => {
    const someone = { names: [dns('example.com')] };
    expect(await below({ permitted: hosts(32), excluded: hosts(32) }, someone)).toBe('accepted');
    expect(await below({ permitted: hosts(33), excluded: hosts(32) }, someone)).toBe('CERTIFICATE_MALFORMED');
  });

  it('may be limited by the anchor', async () => {
    const anchor = rootCa({ permitted: [uri('example.org')] });
    expect(await reasonFor(present(device(anchor)), judge({ anchors: [anchor.der] }))).toBe(
      'NAME_NOT_PERMITTED',
    );
  });
});

describe('excluded names', () => {
  it.each<[Names, CertificateRequest, string]>([
    [[uri('example.com')], { uris: [DEVICE] }, 'NAME_EXCLUDED'],
    [[uri('example.com')], { uris: ['mimi://example.org/', DEVICE] }, 'NAME_EXCLUDED'],
    [[uri('.example.com')], { uris: [DEVICE] }, 'accepted'],
    [[uri('')], { uris: [DEVICE] }, 'NAME_EXCLUDED'],
    [[dns('')], { names: [dns('example.com')] }, 'NAME_EXCLUDED'],
    [[dns('example.com')], { names: [dns('A.EXAMPLE.COM')] }, 'NAME_EXCLUDED'],
    [[dns('example.com')], { names: [dns('example.org')] }, 'accepted'],
    [[mail('example.com')], { names: [mail('me@Example.com')] }, 'NAME_EXCLUDED'],
    [[mail('example.com')], { names: [mail('me@a.example.com')] }, 'accepted'],
    [[directory({ o: 'Evil' })], { subject: { o: 'evil', cn: 'Mallory' } }, 'NAME_EXCLUDED'],
    [[directory({ o: 'Evil' })], { subject: { o: 'Example', cn: 'Evil' } }, 'accepted'],
    [[directory({})], { subject: { cn: 'Alice' } }, 'NAME_EXCLUDED'],
  ])('%j excludes %j: %s', async (excluded, someone, outcome) => {
    expect(await below({ excluded }, someone)).toBe(outcome);
  });

  it('are excluded even when they are permitted', async () => {
    const constraints = { permitted: [uri('.example.com')], excluded: [uri('a.example.com')] };
    expect(await below(constraints, { uris: ['mimi://a.example.com/'] })).toBe('NAME_EXCLUDED');
    expect(await below(constraints, { uris: ['mimi://b.example.com/'] })).toBe('accepted');
  });
});

describe('a constraint that cannot be decided', () => {
  it.each<[string, Names, CertificateRequest]>([
    ['a URI without a host', [uri('example.com')], { uris: ['urn:uuid:1'] }],
    ['a URI with an address', [uri('example.com')], { uris: ['mimi://192.0.2.1/'] }],
    ['a URI with an IPv6 address', [uri('example.com')], { uris: ['mimi://[2001:db8::1]/'] }],
    ['a host with a zero byte', [dns('example.com')], { names: [dns('evil.org\0.example.com')] }],
    ['a host with a space', [dns('example.com')], { names: [dns('evil.org .example.com')] }],
    ['a host with a final full stop', [dns('example.com')], { names: [dns('example.com.')] }],
    ['a mailbox without a host', [mail('example.com')], { names: [mail('example.com')] }],
    ['an IP address', [{ iPAddress: '10.0.0.0/8' }], { names: [{ iPAddress: '192.0.2.1' }] }],
    ['a registered id', [{ registeredID: '1.2.3' }], { names: [{ registeredID: '1.2.3' }] }],
  ])('refuses %s', async (_, names, someone) => {
    const all = { uris: [DEVICE], ...someone };
    expect(await below({ permitted: names }, all)).toBe('NAME_CONSTRAINT_UNSUPPORTED');
    expect(await below({ excluded: names }, all)).toBe('NAME_CONSTRAINT_UNSUPPORTED');
  });

  it('is no matter to who has no name of its form', async () => {
    const permitted = [{ iPAddress: '10.0.0.0/8' }];
    expect(await below({ permitted }, { uris: [DEVICE] })).toBe('accepted');
  });
});
