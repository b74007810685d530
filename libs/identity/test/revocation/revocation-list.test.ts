import { beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import {
  IdentityError,
  MAX_REVOCATION_LIST_LENGTH,
  nameOfCertificate,
  nameOfSignatureKey,
  parseJwks,
  RevocationLists,
  signRevocationList,
  verifyRevocationList,
  type AttestationKeys,
  type RevocationClaims,
} from '../../src/index.ts';
import { readCertificate } from '../../src/x509/certificate.ts';
import { attest, createAuthority, newKey, type Authority } from '../authority.ts';
import { NOW, subordinateCa } from '../x509/authority.ts';
import { DEVICE, device, DOMAIN, issuing, root } from '../x509/judging.ts';

let operator: Authority;

beforeAll(async () => {
  operator = await createAuthority();
});

const alice = device(issuing);
const claims: RevocationClaims = {
  domain: DOMAIN,
  number: 7,
  issuedAt: NOW,
  nextUpdate: NOW + 3_600n,
  certificates: [nameOfCertificate(alice.der), nameOfCertificate(issuing.der)],
  devices: [DEVICE],
};

/** The claims as they stand in the token. */
const payload = {
  iss: DOMAIN,
  iat: Number(NOW),
  next_update: Number(NOW) + 3_600,
  number: 7,
  certificates: [{ issuer: issuerOf(alice.der), serials: ['5a'] }],
  devices: [DEVICE],
};

function issuerOf(der: Uint8Array): string {
  return Buffer.from(nameOfCertificate(der).issuer).toString('base64url');
}

function sign(change: Partial<RevocationClaims> = {}, by = operator): Promise<string> {
  return signRevocationList({ ...claims, ...change }, by);
}

/** Signs whatever claims and header a test makes up. */
function forge(change: object, header: object = {}): Promise<string> {
  return new SignJWT({ ...payload, ...change })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'canopy-revocations+jwt', kid: operator.kid, ...header })
    .sign(operator.privateKey);
}

async function reasonOf(jwt: string, keys: AttestationKeys = operator.keys): Promise<string> {
  const verdict = await verifyRevocationList(jwt, { domain: DOMAIN, keys, now: NOW });
  return verdict.valid ? 'accepted' : verdict.reason;
}

describe('a revocation list', () => {
  it('says which certificates and devices are revoked, and which are not', async () => {
    const verdict = await verifyRevocationList(await sign(), {
      domain: DOMAIN,
      keys: operator.keys,
      now: NOW,
    });
    if (!verdict.valid) throw new Error(verdict.reason);
    const { list } = verdict;
    expect(list).toMatchObject({ number: 7, issuedAt: NOW, nextUpdate: NOW + 3_600n });
    const isListed = (der: Uint8Array) => {
      const { issuer, serialNumber } = readCertificate(der);
      return list.revokesCertificate({ issuer: issuer.key, serialNumber });
    };
    expect([alice.der, issuing.der, root.der, device(issuing).der].map(isListed)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([DEVICE, `${DEVICE}x`].map((uri) => list.revokesDevice(uri))).toEqual([true, false]);
  });

  it('says which keys are revoked; a list of before, which has no such claim, names none', async () => {
    const [key, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const check = { domain: DOMAIN, keys: operator.keys, now: NOW };
    const verdict = await verifyRevocationList(await sign({ keys: [nameOfSignatureKey(key)] }), check);
    if (!verdict.valid) throw new Error(verdict.reason);
    expect([key, other].map((each) => verdict.list.revokesKey(each))).toEqual([true, false]);
    const names = [key, other].map((each) => nameOfSignatureKey(each));
    expect(names.map((name) => verdict.list.revokesKeyNamed(name))).toEqual([true, false]);
    const before = await verifyRevocationList(await sign(), check);
    expect(before.valid && before.list.revokesKey(key)).toBe(false);
    expect(await reasonOf(await forge({ keys: 'all' }))).toBe('REVOCATION_LIST_CLAIM_INVALID');
    expect(await reasonOf(await forge({ keys: [7] }))).toBe('REVOCATION_LIST_CLAIM_INVALID');
  });

  it('tells serial numbers of different issuers apart', async () => {
    const serialNumber = '5f01';
    const [one, other] = [device(issuing, { serialNumber }), device(root, { serialNumber })];
    const jwt = await sign({ certificates: [nameOfCertificate(one.der)] });
    const verdict = await verifyRevocationList(jwt, { domain: DOMAIN, keys: operator.keys, now: NOW });
    const listed = [one, other].map(({ der }) => {
      const { issuer, serialNumber: serial } = readCertificate(der);
      return verdict.valid && verdict.list.revokesCertificate({ issuer: issuer.key, serialNumber: serial });
    });
    expect(listed).toEqual([true, false]);
  });

  it('takes a serial number in any spelling, and two entries of one issuer', async () => {
    const serials = device(issuing, { serialNumber: '00f1' });
    const issuer = issuerOf(serials.der);
    const jwt = await forge({
      certificates: [
        { issuer, serials: ['aa'] },
        { issuer, serials: ['f1'] },
      ],
    });
    const verdict = await verifyRevocationList(jwt, { domain: DOMAIN, keys: operator.keys, now: NOW });
    if (!verdict.valid) throw new Error(verdict.reason);
    const key = readCertificate(serials.der).issuer.key;
    for (const serialNumber of ['00f1', 'f1', 'F1', 'aa', '00AA']) {
      expect(verdict.list.revokesCertificate({ issuer: key, serialNumber })).toBe(true);
    }
    expect(verdict.list.revokesCertificate({ issuer: key, serialNumber: 'f2' })).toBe(false);
  });

  it.each<[string, object, object]>([
    ['WRONG_DOMAIN', { iss: 'example.org' }, {}],
    ['WRONG_TYPE', {}, { typ: 'canopy-attestation+jwt' }],
    ['UNKNOWN_KEY', {}, { kid: 'other' }],
    ['CLAIM_INVALID', { number: undefined }, {}],
    ['CLAIM_INVALID', { number: -1 }, {}],
    ['CLAIM_INVALID', { number: 1.5 }, {}],
    ['CLAIM_INVALID', { number: '7' }, {}],
    ['CLAIM_INVALID', { iat: undefined }, {}],
    ['CLAIM_INVALID', { next_update: undefined }, {}],
    ['CLAIM_INVALID', { next_update: Number(NOW) }, {}],
    ['CLAIM_INVALID', { certificates: undefined }, {}],
    ['CLAIM_INVALID', { certificates: [{}] }, {}],
    ['CLAIM_INVALID', { certificates: [null] }, {}],
    ['CLAIM_INVALID', { certificates: [{ issuer: 'AAAA', serials: ['5a'] }] }, {}],
    ['CLAIM_INVALID', { certificates: [{ ...payload.certificates[0], serials: ['5A'] }] }, {}],
    ['CLAIM_INVALID', { certificates: [{ ...payload.certificates[0], serials: [5] }] }, {}],
    ['CLAIM_INVALID', { devices: undefined }, {}],
    ['CLAIM_INVALID', { devices: [1] }, {}],
    ['NOT_YET_VALID', { iat: Number(NOW) + 301, next_update: Number(NOW) + 999 }, {}],
  ])('is refused with %s for claims %j and header %j', async (fault, change, header) => {
    expect(await reasonOf(await forge({}))).toBe('accepted');
    expect(await reasonOf(await forge(change, header))).toBe(`REVOCATION_LIST_${fault}`);
  });

  it('is refused when somebody else signed it, or changed it', async () => {
    const other = await createAuthority();
    expect(await reasonOf(await sign({}, other))).toBe('REVOCATION_LIST_BAD_SIGNATURE');
    const [header, , signature] = (await sign()).split('.');
    const [, body] = (await sign({ devices: [] })).split('.');
    expect(await reasonOf(`${header}.${body}.${signature}`)).toBe('REVOCATION_LIST_BAD_SIGNATURE');
    expect(await reasonOf('none')).toBe('REVOCATION_LIST_MALFORMED');
    const nobody = await parseJwks(JSON.stringify({ keys: [] }));
    expect(await reasonOf(await sign(), nobody)).toBe('REVOCATION_LIST_UNKNOWN_KEY');
  });

  it('is no attestation, and no attestation is one', async () => {
    expect(await reasonOf(await attest(operator, newKey()))).not.toBe('accepted');
  });

  it('is refused when it is too long, before anything else is done with it', async () => {
    expect(await reasonOf('a'.repeat(MAX_REVOCATION_LIST_LENGTH + 1))).toBe('REVOCATION_LIST_TOO_LONG');
    const devices = Array.from(
      { length: 90_000 },
      (_, index) => `mimi://example.com/d/alice/${10_000_000 + index}`,
    );
    await expect(sign({ devices })).rejects.toThrow(IdentityError);
  });

  it.each<Partial<RevocationClaims>>([
    { domain: 'No domain' },
    { number: -1 },
    { nextUpdate: NOW },
    { devices: ['mimi://example.com/u/alice'] },
    { certificates: [{ issuer: new Uint8Array(3), serialNumber: '5a' }] },
    { certificates: [{ ...nameOfCertificate(alice.der), serialNumber: 'none' }] },
  ])('is not made from wrong claims %#', async (change) => {
    await expect(sign(change)).rejects.toThrow(IdentityError);
  });

  it('names only certificates', () => {
    expect(() => nameOfCertificate(new Uint8Array(5))).toThrow(IdentityError);
    expect(nameOfCertificate(subordinateCa(root).der).issuer).toEqual(nameOfCertificate(root.der).issuer);
  });
});

function lists(leastNumber?: number): RevocationLists {
  const basis = { domain: DOMAIN, keys: operator.keys, now: () => NOW };
  return new RevocationLists(leastNumber === undefined ? basis : { ...basis, leastNumber });
}

async function accept(kept: RevocationLists, jwt: string): Promise<string> {
  const verdict = await kept.accept(jwt);
  return verdict.valid ? 'accepted' : verdict.reason;
}

describe('the newest list', () => {
  it('takes the place of the one before', async () => {
    const kept = lists();
    expect(await kept.current()).toBeUndefined();
    expect(await accept(kept, await sign({ number: 7 }))).toBe('accepted');
    expect(await accept(kept, await sign({ number: 9, devices: [] }))).toBe('accepted');
    expect((await kept.current())?.number).toBe(9);
  });

  it('is not replaced by an older one, nor by another one of its number', async () => {
    const kept = lists();
    const jwt = await sign({ number: 7 });
    expect(await accept(kept, jwt)).toBe('accepted');
    expect(await accept(kept, await sign({ number: 6, devices: [] }))).toBe('REVOCATION_LIST_ROLLED_BACK');
    expect(await accept(kept, await sign({ number: 7, devices: [] }))).toBe('REVOCATION_LIST_NUMBER_REUSED');
    expect(await accept(kept, jwt)).toBe('accepted');
    expect((await kept.current())?.revokesDevice(DEVICE)).toBe(true);
  });

  it('is not replaced by a forged one', async () => {
    const kept = lists();
    expect(await accept(kept, await sign({ number: 7 }))).toBe('accepted');
    const forged = await sign({ number: 8, devices: [] }, await createAuthority());
    expect(await accept(kept, forged)).toBe('REVOCATION_LIST_BAD_SIGNATURE');
    expect((await kept.current())?.number).toBe(7);
  });

  it('is not older than what was seen before a restart', async () => {
    const kept = lists(7);
    expect(await accept(kept, await sign({ number: 6 }))).toBe('REVOCATION_LIST_ROLLED_BACK');
    expect(await accept(kept, await sign({ number: 7 }))).toBe('accepted');
  });

  it('wins whatever the order in which lists are checked', async () => {
    const kept = lists();
    const offered = await Promise.all([9, 7, 8].map((number) => sign({ number })));
    await Promise.all(offered.map((jwt) => kept.accept(jwt)));
    expect((await kept.current())?.number).toBe(9);
  });
});
