import { createHash } from 'node:crypto';
import { encode, opaque, struct, uint16 } from '@canopy/codec';
import { getCipherSuite, verifyWithLabel, type CipherSuite, type KeyPair } from '@canopy/crypto';
import { describe, expect, it } from '@jest/globals';
import {
  deriveAccessKeyPair,
  epochAccessExport,
  hashBody,
  idTokenNonce,
  signAuthenticationProof,
  signEnrolmentProof,
  signEpochAccessProof,
  signRenewalProof,
  signRotationProof,
  verifyAuthenticationProof,
  verifyEnrolmentProof,
  verifyEpochAccessProof,
  verifyRenewalProof,
  verifyRotationProof,
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

describe('a renewal proof', () => {
  const suite = getCipherSuite(2);
  const keys = suite.signature.generateKeyPair();
  const proof = { challenge, domain, device };
  const signature = signRenewalProof(suite, keys.privateKey, proof);
  const signed = { publicKey: keys.publicKey, signature };

  it('holds for its key, challenge, domain and device only', () => {
    expect(verifyRenewalProof(suite, proof, signed)).toBe(true);
    const changes = [{ challenge: flipped(challenge) }, { domain: 'example.org' }, { device: `${device}5` }];
    for (const change of changes) {
      expect(verifyRenewalProof(suite, { ...proof, ...change }, signed)).toBe(false);
    }
    const { publicKey } = suite.signature.generateKeyPair();
    expect(verifyRenewalProof(suite, proof, { publicKey, signature })).toBe(false);
    expect(verifyRenewalProof(suite, proof, { publicKey: new Uint8Array(3), signature })).toBe(false);
  });

  it('does not pass for an authentication, although it states the same', () => {
    expect(verifyAuthenticationProof(suite, proof, signed)).toBe(false);
    const other = signAuthenticationProof(suite, keys.privateKey, proof);
    expect(verifyRenewalProof(suite, proof, { publicKey: keys.publicKey, signature: other })).toBe(false);
  });
});

describe('a rotation proof', () => {
  const [from, to] = [getCipherSuite(1), getCipherSuite(5)];
  const [current, next] = [from.signature.generateKeyPair(), to.signature.generateKeyPair()];
  const proof = { challenge, domain, device, cipherSuite: to.id, signatureKey: next.publicKey };

  it.each([
    ['current', from, current],
    ['new', to, next],
  ] as const)('is signed with the %s key, and holds for its fields only', (_, suite, keys) => {
    const signed = {
      publicKey: keys.publicKey,
      signature: signRotationProof(suite, keys.privateKey, proof),
    };
    expect(verifyRotationProof(suite, proof, signed)).toBe(true);
    const changes = [
      { challenge: flipped(challenge) },
      { domain: 'example.org' },
      { device: `${device}5` },
      { cipherSuite: 2 },
      { signatureKey: flipped(next.publicKey) },
      { cipherSuite: 65_536 },
    ];
    for (const change of changes) {
      expect(verifyRotationProof(suite, { ...proof, ...change }, signed)).toBe(false);
    }
  });
});

describe('the nonce of an ID token', () => {
  const input = { domain, cipherSuite: 1, signatureKey: new Uint8Array(32).fill(5) };

  it('is another one for every domain, suite and key', () => {
    const inputs = [
      input,
      { ...input, domain: 'example.org' },
      { ...input, cipherSuite: 3 },
      { ...input, signatureKey: new Uint8Array(32).fill(6) },
      { ...input, domain: `${domain}\u0000`, signatureKey: input.signatureKey.subarray(1) },
    ];
    const nonces = inputs.map(idTokenNonce);
    expect(new Set(nonces).size).toBe(inputs.length);
    for (const nonce of nonces) expect(nonce).toMatch(/^[\w-]{43}$/);
    expect(idTokenNonce({ ...input })).toBe(nonces[0]);
  });

  it('is SHA-256 over label, domain, suite and key in the TLS presentation language', () => {
    const parts = [bytes('Canopy 1.0 ID token nonce'), bytes(domain)];
    const headed = parts.map((part) => Buffer.concat([Uint8Array.of(part.length), part]));
    const key = Buffer.concat([Uint8Array.of(32), input.signatureKey]);
    const whole = Buffer.concat([...headed, Uint8Array.of(0, 1), key]);
    expect(idTokenNonce(input)).toBe(createHash('sha256').update(whole).digest('base64url'));
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
