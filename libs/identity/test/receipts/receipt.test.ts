import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  assert,
  asyncProperty,
  bigInt,
  constant,
  constantFrom,
  nat,
  oneof,
  pre,
  record,
  uint8Array,
  type Arbitrary,
} from 'fast-check';
import {
  contradictsReceipt,
  createReceiptKey,
  followsReceipt,
  hashOfReceipt,
  MAX_RECEIPT_LENGTH,
  openReceiptKey,
  parseJwks,
  receiptHash,
  receiptJwks,
  signReceipt,
  verifyReceipt,
  type AttestationKeys,
  type Receipt,
} from '../../src/index.ts';
import { SignJWT, importJWK } from 'jose';

const domain = 'example.com';
const stored = createReceiptKey();
const signer = openReceiptKey(stored);
let keys: AttestationKeys;

beforeAll(async () => {
  keys = await parseJwks(receiptJwks([signer]));
});

const receipt: Receipt = {
  domain,
  groupId: new Uint8Array([1, 2, 3]),
  epoch: 2n ** 53n + 1n,
  commitHash: random(32),
  previousReceiptHash: random(32),
  sequence: 2n ** 64n - 1n,
  acceptedAtMs: 1_800_000_000_000,
  nextAccessKey: random(32),
};

function random(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

async function sign(payload: Record<string, unknown>, typ: string): Promise<string> {
  const key = await importJWK({ ...JSON.parse(stored.privateJwk) }, 'EdDSA');
  return new SignJWT({ iss: domain, ...payload })
    .setProtectedHeader({ alg: 'EdDSA', typ, kid: signer.kid })
    .sign(key);
}

const bytesOf = (length: number): Arbitrary<Uint8Array> =>
  uint8Array({ minLength: length, maxLength: length });

const anyReceipt: Arbitrary<Receipt> = record({
  domain: constant(domain),
  groupId: uint8Array({ minLength: 1, maxLength: 255 }),
  epoch: bigInt(0n, 2n ** 64n - 1n),
  commitHash: bytesOf(32),
  previousReceiptHash: oneof(bytesOf(0), bytesOf(32)),
  sequence: bigInt(0n, 2n ** 64n - 1n),
  acceptedAtMs: nat(),
  nextAccessKey: bytesOf(32),
});

async function reasonOf(jws: string): Promise<string> {
  const verdict = await verifyReceipt(jws, { domain, keys });
  return verdict.valid ? 'none' : verdict.reason;
}

describe('a receipt', () => {
  it('says what was signed, with its hash and the name of its key', async () => {
    await assert(
      asyncProperty(anyReceipt, async (one) => {
        const jws = signReceipt(one, signer);
        const hash = hashOfReceipt(one, signer.kid);
        expect(receiptHash(jws)).toEqual(hash);
        expect(await verifyReceipt(jws, { domain, keys })).toEqual({
          valid: true,
          kid: signer.kid,
          hash,
          receipt: one,
        });
      }),
      { numRuns: 50 },
    );
  });

  it('is the same bytes whenever it is made, also by a key that was kept', () => {
    expect(signReceipt({ ...receipt }, openReceiptKey({ ...stored }))).toBe(signReceipt(receipt, signer));
  });

  it('is chained by a hash of everything but the signature', () => {
    const jws = signReceipt(receipt, signer);
    const input = jws.split('.').slice(0, 2).join('.');
    expect(receiptHash(jws)).toEqual(new Uint8Array(createHash('sha256').update(input).digest()));
  });

  it('fits into what is looked at, however long its group id is', () => {
    const largest = {
      ...receipt,
      groupId: random(255),
      domain: `${'a'.repeat(60)}.${'b'.repeat(60)}.example`,
    };
    expect(signReceipt(largest, signer).length).toBeLessThan(MAX_RECEIPT_LENGTH);
  });

  it.each<[string, Partial<Receipt>]>([
    ['a group id that is empty', { groupId: new Uint8Array() }],
    ['a group id that is too long', { groupId: random(256) }],
    ['a hash of another length', { commitHash: random(31) }],
    ['a previous hash of another length', { previousReceiptHash: random(1) }],
    ['a key of another length', { nextAccessKey: random(33) }],
    ['an epoch of more than 64 bits', { epoch: 2n ** 64n }],
    ['a sequence below zero', { sequence: -1n }],
    ['a time that is not whole', { acceptedAtMs: 1.5 }],
    ['a domain that is none', { domain: 'not a domain' }],
  ])('is not signed with %s', (_, fault) => {
    expect(() => signReceipt({ ...receipt, ...fault }, signer)).toThrow(
      expect.objectContaining({ code: 'INVALID_RECEIPT_CLAIMS' }),
    );
  });
});

describe('a receipt is not believed', () => {
  it('when any of its characters is another one', async () => {
    const jws = signReceipt(receipt, signer);
    await assert(
      asyncProperty(nat(jws.length - 1), constantFrom('A', 'b', '7', '_', '.', ' '), async (at, other) => {
        pre(jws[at] !== other);
        const altered = jws.slice(0, at) + other + jws.slice(at + 1);
        const verdict = await verifyReceipt(altered, { domain, keys });
        // The last character of base64 may hold bits that do not count: then nothing is altered.
        if (at < jws.length - 1) expect(verdict.valid).toBe(false);
        else if (verdict.valid) expect(verdict.receipt).toEqual(receipt);
      }),
      { numRuns: 300 },
    );
  });

  it('when another key signed it, also under the same name', async () => {
    const other = openReceiptKey(createReceiptKey());
    expect(await reasonOf(signReceipt(receipt, other))).toBe('RECEIPT_UNKNOWN_KEY');
    expect(await reasonOf(signReceipt(receipt, { ...other, kid: signer.kid }))).toBe('RECEIPT_BAD_SIGNATURE');
  });

  it('when it is of another domain', async () => {
    expect(await reasonOf(signReceipt({ ...receipt, domain: 'example.org' }, signer))).toBe(
      'RECEIPT_WRONG_DOMAIN',
    );
  });

  it('when it is too long, or nothing of the kind', async () => {
    expect(await reasonOf('a'.repeat(MAX_RECEIPT_LENGTH + 1))).toBe('RECEIPT_TOO_LONG');
    expect(await reasonOf('')).toBe('RECEIPT_MALFORMED');
    expect(await reasonOf('a.b')).toBe('RECEIPT_MALFORMED');
  });

  const good = {
    group: 'AQID',
    epoch: '1',
    commit: Buffer.alloc(32).toString('base64url'),
    previous: '',
    sequence: '1',
    time: '1',
    access_key: Buffer.alloc(32).toString('base64url'),
  };

  it('when it is a statement of another kind', async () => {
    expect(await reasonOf(await sign(good, 'canopy-receipt+jwt'))).toBe('none');
    expect(await reasonOf(await sign(good, 'canopy-revocations+jwt'))).toBe('RECEIPT_WRONG_TYPE');
  });

  it.each<[string, unknown]>([
    ['epoch', 1],
    ['epoch', '01'],
    ['epoch', '-1'],
    ['epoch', '18446744073709551616'],
    ['sequence', '1e3'],
    ['time', '9007199254740992'],
    ['group', ''],
    ['group', 'AQI='],
    ['commit', 'AQID'],
    ['previous', 'AQID'],
    ['access_key', null],
    ['access_key', undefined],
  ])('when its %s is %j', async (name, value) => {
    expect(await reasonOf(await sign({ ...good, [name]: value }, 'canopy-receipt+jwt'))).toBe(
      'RECEIPT_CLAIM_INVALID',
    );
  });
});

describe('receipts of a group', () => {
  const known = { receipt, hash: hashOfReceipt(receipt, signer.kid) };
  const later = { ...receipt, epoch: receipt.epoch + 1n, previousReceiptHash: known.hash };
  const first: Receipt = { ...receipt, sequence: 7n };
  const next: Receipt = {
    ...first,
    epoch: first.epoch + 1n,
    sequence: 9n,
    previousReceiptHash: hashOfReceipt(first, signer.kid),
  };

  it('follow each other by epoch, place and hash', () => {
    const before = { receipt: first, hash: hashOfReceipt(first, signer.kid) };
    expect(followsReceipt(next, before)).toBe(true);
    expect(followsReceipt({ ...next, epoch: next.epoch + 1n }, before)).toBe(false);
    expect(followsReceipt({ ...next, sequence: 7n }, before)).toBe(false);
    expect(followsReceipt({ ...next, previousReceiptHash: random(32) }, before)).toBe(false);
    expect(followsReceipt({ ...next, previousReceiptHash: new Uint8Array() }, before)).toBe(false);
    expect(followsReceipt({ ...next, groupId: random(3) }, before)).toBe(false);
    expect(followsReceipt({ ...next, domain: 'example.org' }, before)).toBe(false);
    // The largest place in a log has nothing behind it.
    expect(followsReceipt(later, known)).toBe(false);
  });

  it('contradict each other when they are two for one epoch of one group', () => {
    expect(contradictsReceipt(receipt, { ...receipt, commitHash: random(32) })).toBe(true);
    expect(contradictsReceipt(receipt, { ...receipt, sequence: 1n })).toBe(true);
    expect(contradictsReceipt(receipt, { ...receipt, nextAccessKey: random(32) })).toBe(true);
    expect(contradictsReceipt(receipt, { ...receipt, previousReceiptHash: random(32) })).toBe(true);
    expect(contradictsReceipt(receipt, { ...receipt })).toBe(false);
    expect(contradictsReceipt(receipt, { ...receipt, epoch: 1n, commitHash: random(32) })).toBe(false);
    expect(contradictsReceipt(receipt, { ...receipt, groupId: random(3), commitHash: random(32) })).toBe(
      false,
    );
  });
});

describe('a key of receipts', () => {
  it('is not opened when it is none, and the error does not say what was read', () => {
    for (const privateJwk of ['', '{}', '{"d":7}', '{"d":"c2VjcmV0"}', 'null']) {
      expect(() => openReceiptKey({ kid: 'one', privateJwk })).toThrow(
        expect.objectContaining({
          code: 'INVALID_KEY_SET',
          message: expect.not.stringContaining('c2VjcmV0'),
        }),
      );
    }
  });

  it('is served without its private half', () => {
    expect(receiptJwks([signer])).not.toContain('"d"');
    expect(receiptJwks([signer])).not.toContain(Buffer.from(signer.privateKey).toString('base64url'));
  });
});
