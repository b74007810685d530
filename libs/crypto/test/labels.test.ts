import { describe, expect, it } from '@jest/globals';

import {
  decryptWithLabel,
  deriveSecret,
  encryptWithLabel,
  expandWithLabel,
  getCipherSuite,
  makeKeyPackageRef,
  makeProposalRef,
  refHash,
  signWithLabel,
  verifyWithLabel,
  verifyWithLabelAsync,
} from '../src/index.ts';
import { SUITES_BY_BACK_END } from './back-ends.ts';
import { seeded } from './seeded.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const LABELS = ['FramedContentTBS', 'LeafNodeTBS', 'KeyPackageTBS', 'GroupInfoTBS'];
const failed = expect.objectContaining({ name: 'CryptoError', code: 'DECRYPTION_FAILED' });

describe.each(SUITES_BY_BACK_END)('labels of suite %i by %s', (id, backEnd) => {
  const suite = getCipherSuite(id, { random: seeded(`labels ${id}`), backEnd });
  const { publicKey, privateKey } = suite.signature.generateKeyPair();
  const receiver = suite.hpke.generateKeyPair();
  const content = text('content');

  it('a signature under one label is none under another [R5.1.2-04]', () => {
    for (const label of LABELS) {
      const signature = signWithLabel(suite, privateKey, label, content);
      const valid = LABELS.filter((other) =>
        verifyWithLabel(suite, { publicKey, label: other, content, signature }),
      );
      expect(valid).toEqual([label]);
    }
  });

  it('a signature without the prefix "MLS 1.0 " is refused [R5.1.2-03]', () => {
    const name = text('LeafNodeTBS');
    const bare = Uint8Array.of(name.length, ...name, content.length, ...content);
    const signature = suite.signature.sign(privateKey, bare);
    expect(suite.signature.verify(publicKey, bare, signature)).toBe(true);
    expect(verifyWithLabel(suite, { publicKey, label: 'LeafNodeTBS', content, signature })).toBe(false);
  });

  it('the signed bytes are the label with its prefix, then the content [R5.1.2-03]', () => {
    const name = text('MLS 1.0 LeafNodeTBS');
    const signature = signWithLabel(suite, privateKey, 'LeafNodeTBS', content);
    const signed = Uint8Array.of(name.length, ...name, content.length, ...content);
    expect(suite.signature.verify(publicKey, signed, signature)).toBe(true);
  });

  it('the thread pool comes to the same result', async () => {
    const signature = signWithLabel(suite, privateKey, 'GroupInfoTBS', content);
    const signed = { publicKey, label: 'GroupInfoTBS', content, signature };
    await expect(verifyWithLabelAsync(suite, signed)).resolves.toBe(true);
    await expect(verifyWithLabelAsync(suite, { ...signed, content: text('other') })).resolves.toBe(false);
  });

  it('a ciphertext opens under its label and context only [R5.1.3-01]', () => {
    const context = text('context');
    const plaintext = text('path secret');
    const ciphertext = encryptWithLabel(suite, receiver.publicKey, { label: 'Welcome', context, plaintext });
    const open = (label: string, other: Uint8Array): Uint8Array =>
      decryptWithLabel(suite, receiver.privateKey, { label, context: other, ciphertext });
    expect(open('Welcome', context)).toEqual(plaintext);
    expect(() => open('UpdatePathNode', context)).toThrow(failed);
    expect(() => open('Welcome', text('context2'))).toThrow(failed);
    expect(() => open('Welcome', new Uint8Array(0))).toThrow(failed);
  });

  it('info carries the prefix "MLS 1.0 ", and aad is empty [R5.1.3-01]', () => {
    const plaintext = text('secret');
    const empty = new Uint8Array(0);
    const name = text('MLS 1.0 Welcome');
    const info = Uint8Array.of(name.length, ...name, 0);
    const ciphertext = encryptWithLabel(suite, receiver.publicKey, {
      label: 'Welcome',
      context: empty,
      plaintext,
    });
    expect(suite.hpke.open(receiver.privateKey, ciphertext, info, empty)).toEqual(plaintext);
    expect(() => suite.hpke.open(receiver.privateKey, ciphertext, info, Uint8Array.of(0))).toThrow(failed);
    const bare = text('Welcome');
    const without = Uint8Array.of(bare.length, ...bare, 0);
    expect(() => suite.hpke.open(receiver.privateKey, ciphertext, without, empty)).toThrow(failed);
  });

  it('derived secrets differ by label, context and length', () => {
    const secret = suite.random(suite.kdf.size);
    const context = text('context');
    const derived = [
      deriveSecret(suite, secret, 'confirm'),
      deriveSecret(suite, secret, 'membership'),
      expandWithLabel(suite, secret, { label: 'confirm', context, length: suite.kdf.size }),
      expandWithLabel(suite, secret, { label: 'confirm', context, length: suite.kdf.size + 1 }),
    ].map((bytes) => Buffer.from(bytes).toString('hex').slice(0, 32));
    expect(new Set(derived).size).toBe(4);
  });

  it('derives from KDFLabel { length, label, context } for contexts of all lengths [R8-01]', () => {
    const secret = suite.random(suite.kdf.size);
    const name = text('MLS 1.0 joiner');
    for (const [size, header] of [
      [0, [0]],
      [63, [63]],
      [64, [0x40, 64]],
      [16_384, [0x80, 0, 0x40, 0]],
    ] as const) {
      const context = suite.random(size);
      const info = Buffer.concat([Uint8Array.of(1, 44, name.length), name, Uint8Array.from(header), context]);
      expect(expandWithLabel(suite, secret, { label: 'joiner', context, length: 300 })).toEqual(
        suite.kdf.expand(secret, info, 300),
      );
    }
  });

  it('gives at most 255 blocks of key material [R8.5-02]', () => {
    const secret = suite.random(suite.kdf.size);
    const most = 255 * suite.kdf.size;
    const context = new Uint8Array(0);
    expect(expandWithLabel(suite, secret, { label: 'exported', context, length: most })).toHaveLength(most);
    expect(expandWithLabel(suite, secret, { label: 'exported', context, length: 0 })).toHaveLength(0);
    for (const length of [most + 1, 65_536, -1, 1.5, Number.NaN]) {
      expect(() => expandWithLabel(suite, secret, { label: 'exported', context, length })).toThrow(
        expect.objectContaining({ code: 'INVALID_LENGTH' }),
      );
    }
  });
});

describe('references', () => {
  const suite = getCipherSuite(1);
  const value = text('value');

  it('are hashes over the label as it stands and the value [R5.2-01] [R5.2-04]', () => {
    const label = text('a label');
    const input = Uint8Array.of(label.length, ...label, value.length, ...value);
    expect(refHash(suite, 'a label', value)).toEqual(suite.hash.digest(input));
  });

  it('of KeyPackages and of proposals have labels of their own [R5.2-02] [R5.2-03]', () => {
    expect(makeKeyPackageRef(suite, value)).toEqual(refHash(suite, 'MLS 1.0 KeyPackage Reference', value));
    expect(makeProposalRef(suite, value)).toEqual(refHash(suite, 'MLS 1.0 Proposal Reference', value));
    expect(makeKeyPackageRef(suite, value)).not.toEqual(makeProposalRef(suite, value));
  });
});
