import { beforeAll, describe, expect, it } from '@jest/globals';
import type { PresentedCredential } from '@canopy/mls';
import {
  attestationExtension,
  createIdentityProvider,
  deviceCredential,
  nameIdentifiers,
  nameOfCertificate,
  nameOfSignatureKey,
  RevocationLists,
  signRevocationList,
  type RevocationClaims,
  type RevocationOptions,
  type RevocationSource,
  type StaleListPolicy,
} from '../../src/index.ts';
import { attest, createAuthority, newKey, type Authority } from '../authority.ts';
import { issue, newCertificateKey, NOW, subordinateCa } from '../x509/authority.ts';
import { DEVICE, device, DOMAIN, issuing, judge, present, reasonFor, root } from '../x509/judging.ts';

let operator: Authority;

beforeAll(async () => {
  operator = await createAuthority();
});

/** A source that has one list. */
async function sourceOf(claims: Partial<RevocationClaims>): Promise<RevocationSource> {
  const lists = new RevocationLists({ domain: DOMAIN, keys: operator.keys, now: () => NOW });
  const basis = {
    domain: DOMAIN,
    number: 1,
    issuedAt: NOW - 60n,
    nextUpdate: NOW + 60n,
    certificates: [],
    devices: [],
  };
  const verdict = await lists.accept(await signRevocationList({ ...basis, ...claims }, operator));
  expect(verdict.valid).toBe(true);
  return lists;
}

async function revoking(
  claims: Partial<RevocationClaims>,
): Promise<{ readonly revocation: RevocationOptions }> {
  return { revocation: { source: await sourceOf(claims), stale: 'refuse' } };
}

const alice = device(issuing);
const leaf = present(alice, issuing);

describe('a revoked certificate', () => {
  it('is refused, others are not', async () => {
    const by = judge(await revoking({ certificates: [nameOfCertificate(alice.der)] }));
    expect(await reasonFor(leaf, by)).toBe('CERTIFICATE_REVOKED');
    expect(await reasonFor(present(device(issuing), issuing), by)).toBe('accepted');
  });

  it('takes with it whatever is below it', async () => {
    const by = judge(await revoking({ certificates: [nameOfCertificate(issuing.der)] }));
    expect(await reasonFor(leaf, by)).toBe('CERTIFICATE_REVOKED');
    expect(await reasonFor(present(device(root)), by)).toBe('accepted');
    const anchor = judge(await revoking({ certificates: [nameOfCertificate(root.der)] }));
    expect(await reasonFor(leaf, anchor)).toBe('CERTIFICATE_REVOKED');
  });

  it('does not bar another certificate of the same CA', async () => {
    const key = newCertificateKey('p256');
    const subject = { cn: 'CA' };
    const [first, second] = ['51', '52'].map((serialNumber) =>
      issue(root, key, { ca: true, subject, serialNumber }),
    );
    if (first === undefined || second === undefined) throw new Error('two expected');
    const by = judge(await revoking({ certificates: [nameOfCertificate(first.der)] }));
    const bob = device({ subject, key });
    expect(await reasonFor(present(bob, first), by)).toBe('CERTIFICATE_REVOKED');
    expect(await reasonFor(present(bob, first, second), by)).toBe('accepted');
  });

  it('is refused again after it was believed', async () => {
    const lists = new RevocationLists({ domain: DOMAIN, keys: operator.keys, now: () => NOW });
    const by = judge({ revocation: { source: lists, stale: 'refuse' } });
    const basis = { domain: DOMAIN, issuedAt: NOW, nextUpdate: NOW + 60n, devices: [] };
    await lists.accept(await signRevocationList({ ...basis, number: 1, certificates: [] }, operator));
    expect(await reasonFor(leaf, by)).toBe('accepted');
    const certificates = [nameOfCertificate(alice.der)];
    await lists.accept(await signRevocationList({ ...basis, number: 2, certificates }, operator));
    expect(await reasonFor(leaf, by)).toBe('CERTIFICATE_REVOKED');
  });
});

describe('a revoked device', () => {
  it('is refused with any certificate, also where the name of the device does not count', async () => {
    const revoked = await revoking({ devices: [DEVICE] });
    expect(await reasonFor(leaf, judge(revoked))).toBe('DEVICE_REVOKED');
    const bySubject = judge({ ...revoked, identifiers: nameIdentifiers(['subject']) });
    expect(await reasonFor(leaf, bySubject)).toBe('DEVICE_REVOKED');
    const other = device(issuing, { uris: ['mimi://example.com/d/alice/b1b2c3d4'] });
    expect(await reasonFor(present(other, issuing), judge(revoked))).toBe('accepted');
  });

  it('is refused with a basic credential', async () => {
    const clock = { now: () => Number(NOW) * 1000 };
    const basic = (revocation: RevocationOptions) =>
      createIdentityProvider({ domain: DOMAIN, keys: operator.keys, clock, revocation });
    const attested = await basicLeaf();
    expect(await reasonFor(attested, basic((await revoking({})).revocation))).toBe('accepted');
    expect(await reasonFor(attested, basic((await revoking({ devices: [DEVICE] })).revocation))).toBe(
      'DEVICE_REVOKED',
    );
    const late = { source: await sourceOf({ nextUpdate: NOW - 1n }), stale: 'refuse' } as const;
    expect(await reasonFor(attested, basic(late))).toBe('REVOCATION_LIST_STALE');
    // What the attestation lacks is said first.
    expect(await reasonFor({ ...attested, signatureKey: newKey() }, basic(late))).toBe(
      'ATTESTATION_OTHER_KEY',
    );
  });
});

describe('a revoked key', () => {
  it('is refused with a certificate, and other keys of the device are not', async () => {
    const by = judge(await revoking({ keys: [nameOfSignatureKey(leaf.signatureKey)] }));
    expect(await reasonFor(leaf, by)).toBe('KEY_REVOKED');
    expect(await reasonFor(present(device(issuing), issuing), by)).toBe('accepted');
  });

  it('is refused with a basic credential, and other keys of the device are not', async () => {
    const [attested, next] = [await basicLeaf(), await basicLeaf()];
    const keys = [nameOfSignatureKey(attested.signatureKey)];
    const { revocation } = await revoking({ keys });
    const clock = { now: () => Number(NOW) * 1000 };
    const by = createIdentityProvider({ domain: DOMAIN, keys: operator.keys, clock, revocation });
    expect(await reasonFor(attested, by)).toBe('KEY_REVOKED');
    expect(await reasonFor(next, by)).toBe('accepted');
  });
});

describe('a list that is not current', () => {
  it.each<[StaleListPolicy, bigint, string]>([
    ['refuse', -1n, 'accepted'],
    ['refuse', 0n, 'REVOCATION_LIST_STALE'],
    [{ acceptForSeconds: 10n }, 9n, 'accepted'],
    [{ acceptForSeconds: 10n }, 10n, 'REVOCATION_LIST_STALE'],
  ])('with the policy %p counts %p s after its next update: %s', async (stale, after, outcome) => {
    const source = await sourceOf({});
    const now = () => NOW + 60n + after;
    expect(await reasonFor(leaf, judge({ now, revocation: { source, stale } }))).toBe(outcome);
  });

  it('still revokes within its grace', async () => {
    const source = await sourceOf({ certificates: [nameOfCertificate(alice.der)] });
    const by = judge({ now: () => NOW + 65n, revocation: { source, stale: { acceptForSeconds: 10n } } });
    expect(await reasonFor(leaf, by)).toBe('CERTIFICATE_REVOKED');
  });

  it('may not be missing', async () => {
    const source = { current: () => Promise.resolve(undefined) };
    const by = judge({ revocation: { source, stale: { acceptForSeconds: 1_000_000n } } });
    expect(await reasonFor(leaf, by)).toBe('REVOCATION_LIST_MISSING');
  });

  it('is no refusal when nobody can say now', async () => {
    const source = { current: () => Promise.reject(new Error('away')) };
    await expect(reasonFor(leaf, judge({ revocation: { source, stale: 'refuse' } }))).rejects.toThrow('away');
  });

  it('does not matter where nothing is ever revoked', async () => {
    expect(await reasonFor(leaf, judge())).toBe('accepted');
  });

  it('does not matter for a certificate that is refused anyway', async () => {
    const source = { current: () => Promise.resolve(undefined) };
    const by = judge({ revocation: { source, stale: 'refuse' } });
    const other = { ...leaf, signatureKey: newKey() };
    expect(await reasonFor(other, by)).toBe('CERTIFICATE_OTHER_KEY');
    expect(await reasonFor(present(device(subordinateCa(root), { uris: [] })), by)).toBe('IDENTITY_MISSING');
  });
});

async function basicLeaf(): Promise<PresentedCredential> {
  const signatureKey = newKey();
  const jwt = await attest(operator, signatureKey);
  return { credential: deviceCredential(DEVICE), signatureKey, extensions: [attestationExtension(jwt)] };
}
