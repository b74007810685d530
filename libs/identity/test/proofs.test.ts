import { encode, opaque, struct, uint16 } from '@canopy/codec';
import { getCipherSuite, verifyWithLabel, type CipherSuite, type KeyPair } from '@canopy/crypto';
import { describe, expect, it } from '@jest/globals';
import {
  deriveAccessKeyPair,
  epochAccessExport,
  hashBody,
  signAuthenticationProof,
  signEnrolmentProof,
  signEpochAccessProof,
  verifyAuthenticationProof,
  verifyEnrolmentProof,
  verifyEpochAccessProof,
  type EnrolmentProof,
} from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const challenge = new Uint8Array(32).fill(7);
const domain = 'example.com';
const user = 'mimi://example.com/u/alice';
const device = 'mimi://example.com/d/alice/a1b2c3d4';

function enrolmentOf(suite: CipherSuite, { publicKey: signatureKey }: KeyPair): EnrolmentProof {
  return { challenge, domain, user, cipherSuite: suite.id, signatureKey };
}

function flipped(signature: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(signature);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  return changed;
}

describe('an enrolment proof', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('holds for a key of suite %i, and for no other proof or key', (id) => {
    const suite = getCipherSuite(id);
    const [own, other] = [suite.signature.generateKeyPair(), suite.signature.generateKeyPair()];
    const proof = enrolmentOf(suite, own);
    const signature = signEnrolmentProof(suite, own.privateKey, proof);
    expect(verifyEnrolmentProof(suite, proof, signature)).toBe(true);
    const changes: Partial<EnrolmentProof>[] = [
      { challenge: flipped(challenge) },
      { domain: 'example.org' },
      { user: 'mimi://example.com/u/bob' },
      { cipherSuite: id + 1 },
      { signatureKey: other.publicKey },
    ];
    for (const change of changes) {
      expect(verifyEnrolmentProof(suite, { ...proof, ...change }, signature)).toBe(false);
    }
    expect(verifyEnrolmentProof(suite, proof, flipped(signature))).toBe(false);
  });

  it('is signed over its label and its fields in the TLS presentation language', () => {
    const suite = getCipherSuite(1);
    const keys = suite.signature.generateKeyPair();
    const proof = enrolmentOf(suite, keys);
    const fields = struct({ challenge: opaque, domain: opaque, user: opaque, suite: uint16, key: opaque });
    const content = encode(fields, {
      challenge,
      domain: bytes(domain),
      user: bytes(user),
      suite: 1,
      key: keys.publicKey,
    });
    const signed = encode(struct({ label: opaque, content: opaque }), {
      label: bytes('Canopy 1.0 Enrolment'),
      content,
    });
    const signature = signEnrolmentProof(suite, keys.privateKey, proof);
    expect(suite.signature.verify(keys.publicKey, signed, signature)).toBe(true);
    const asMls = { publicKey: keys.publicKey, label: 'Enrolment', content, signature };
    expect(verifyWithLabel(suite, asMls)).toBe(false);
  });

  it('is never more than wrong, whatever a stranger sends', () => {
    const suite = getCipherSuite(2);
    const keys = suite.signature.generateKeyPair();
    const proof = enrolmentOf(suite, keys);
    const signature = signEnrolmentProof(suite, keys.privateKey, proof);
    const hostile = [
      { signatureKey: new Uint8Array() },
      { signatureKey: new Uint8Array(65) },
      { signatureKey: new Uint8Array(65).fill(4) },
      { cipherSuite: 65_536 },
      { cipherSuite: -1 },
      { cipherSuite: Number.NaN },
      { user: '\ud800' },
    ];
    for (const change of hostile) {
      expect(verifyEnrolmentProof(suite, { ...proof, ...change }, signature)).toBe(false);
    }
    for (const wrong of [new Uint8Array(), new Uint8Array(10_000), signature.subarray(1)]) {
      expect(verifyEnrolmentProof(suite, proof, wrong)).toBe(false);
    }
  });
});

describe('an authentication proof', () => {
  const suite = getCipherSuite(4);
  const keys = suite.signature.generateKeyPair();
  const proof = { challenge, domain, device };
  const signature = signAuthenticationProof(suite, keys.privateKey, proof);

  it('holds for its key, challenge, domain and device only', () => {
    const signed = { publicKey: keys.publicKey, signature };
    expect(verifyAuthenticationProof(suite, proof, signed)).toBe(true);
    const changes = [{ challenge: flipped(challenge) }, { domain: 'example.org' }, { device: `${device}5` }];
    for (const change of changes) {
      expect(verifyAuthenticationProof(suite, { ...proof, ...change }, signed)).toBe(false);
    }
    const { publicKey } = suite.signature.generateKeyPair();
    expect(verifyAuthenticationProof(suite, proof, { publicKey, signature })).toBe(false);
    expect(verifyAuthenticationProof(suite, proof, { publicKey: new Uint8Array(3), signature })).toBe(false);
  });
});

describe('an epoch access proof', () => {
  const seed = new Uint8Array(32).fill(9);
  const { publicKey, privateKey } = deriveAccessKeyPair(seed);
  const proof = {
    method: 'SubmitCommit',
    groupId: bytes('group'),
    epoch: 2n ** 64n - 1n,
    timeUnixMs: 1_800_000_000_000n,
    bodyHash: hashBody(bytes('body')),
  };
  const signature = signEpochAccessProof(privateKey, proof);

  it('holds for its method, group, epoch, time and body only', () => {
    expect(verifyEpochAccessProof(proof, { publicKey, signature })).toBe(true);
    const changes = [
      { method: 'SendMessage' },
      { groupId: bytes('other') },
      { epoch: 1n },
      { epoch: 2n ** 64n },
      { epoch: -1n },
      { timeUnixMs: 0n },
      { bodyHash: hashBody(bytes('Body')) },
    ];
    for (const change of changes) {
      expect(verifyEpochAccessProof({ ...proof, ...change }, { publicKey, signature })).toBe(false);
    }
    expect(verifyEpochAccessProof(proof, { publicKey: new Uint8Array(31), signature })).toBe(false);
  });

  it('is made with the key pair that everybody derives from the same seed', () => {
    expect(deriveAccessKeyPair(Uint8Array.from(seed)).publicKey).toEqual(publicKey);
    expect(publicKey).toHaveLength(32);
    expect(epochAccessExport(bytes('group'))).toEqual({
      label: 'canopy delivery access',
      context: bytes('group'),
      length: 32,
    });
  });

  it('does not pass for another kind of proof', () => {
    const suite = getCipherSuite(1);
    const other = signAuthenticationProof(suite, privateKey, { challenge, domain, device });
    expect(verifyEpochAccessProof(proof, { publicKey, signature: other })).toBe(false);
  });

  it('hashes the body with SHA-256', () => {
    expect(Buffer.from(hashBody(bytes('abc'))).toString('hex')).toMatch(/^ba7816bf8f01cfea/);
  });
});
