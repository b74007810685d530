import { getCipherSuite } from '@canopy/crypto';
import {
  createKeyPackage,
  supportedCapabilities,
  IdentityAnswers,
  type IdentityProvider,
  type PresentedCredential,
} from '@canopy/mls';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  ATTESTATION_EXTENSION_TYPE,
  attestationExtension,
  createIdentityProvider,
  deviceCredential,
  type AttestationKeys,
  type IdentityProviderOptions,
} from '../src/index.ts';
import { attest, createAuthority, DEVICE, DOMAIN, newKey, NOW, type Authority } from './authority.ts';

let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

function provider(options: Partial<IdentityProviderOptions> = {}): IdentityProvider {
  return createIdentityProvider({
    domain: DOMAIN,
    keys: authority.keys,
    clock: { now: () => NOW },
    ...options,
  });
}

async function presented(signatureKey = newKey(), device = DEVICE): Promise<PresentedCredential> {
  const jwt = await attest(authority, signatureKey, { device });
  return { credential: deviceCredential(device), signatureKey, extensions: [attestationExtension(jwt)] };
}

async function reasonFor(leaf: PresentedCredential, judge = provider()): Promise<string> {
  const verdict = await judge.validateCredential(leaf);
  return verdict.valid ? 'accepted' : verdict.reason;
}

/** A source of keys that counts how often a signature is about to be verified, and how many at a time. */
function countingKeys(): AttestationKeys & { asked: number; most: number } {
  let now = 0;
  const counting = {
    asked: 0,
    most: 0,
    async keyFor(kid: string) {
      counting.asked += 1;
      now += 1;
      counting.most = Math.max(counting.most, now);
      const key = await authority.keys.keyFor(kid);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return key;
    },
  };
  return counting;
}

describe('the judge of identities', () => {
  it('believes a device whose attestation is for it and its key', async () => {
    expect(await reasonFor(await presented())).toBe('accepted');
  });

  it('believes the leaf of a KeyPackage that carries the extension', async () => {
    const suite = getCipherSuite(1);
    const signatureKeyPair = suite.signature.generateKeyPair();
    const leaf = await presented(signatureKeyPair.publicKey);
    const capabilities = supportedCapabilities([1], { extensions: [ATTESTATION_EXTENSION_TYPE] });
    const identity = {
      credential: leaf.credential,
      signatureKeyPair,
      capabilities,
      leafExtensions: leaf.extensions,
    };
    const lifetime = { notBefore: 0n, notAfter: 2n ** 40n };
    const { keyPackage } = createKeyPackage({ suite, identity, lifetime, grease: false });
    const question = { kind: 'credential', presented: keyPackage.leafNode } as const;
    const answers = await IdentityAnswers.ask(provider(), [question]);
    expect(() => answers.requireValid(keyPackage.leafNode)).not.toThrow();
  });

  it.each<[string, (leaf: PresentedCredential) => Promise<PresentedCredential> | PresentedCredential]>([
    ['CREDENTIAL_NOT_BASIC', (leaf) => ({ ...leaf, credential: { credentialType: 2, certificates: [] } })],
    [
      'IDENTITY_NOT_A_DEVICE',
      (leaf) => ({ ...leaf, credential: { credentialType: 1, identity: new Uint8Array(9) } }),
    ],
    [
      'IDENTITY_WRONG_DOMAIN',
      (leaf) => ({ ...leaf, credential: deviceCredential('mimi://example.org/d/alice/a1b2c3d4') }),
    ],
    ['ATTESTATION_MISSING', (leaf) => ({ ...leaf, extensions: [] })],
    ['ATTESTATION_MALFORMED', (leaf) => ({ ...leaf, extensions: [attestationExtension('none')] })],
    [
      'ATTESTATION_OTHER_DEVICE',
      (leaf) => ({ ...leaf, credential: deviceCredential('mimi://example.com/d/bob/a1b2c3d4') }),
    ],
    [
      'ATTESTATION_OTHER_DEVICE',
      (leaf) => ({ ...leaf, credential: deviceCredential('mimi://example.com/d/alice/b1b2c3d4') }),
    ],
    ['ATTESTATION_OTHER_KEY', (leaf) => ({ ...leaf, signatureKey: newKey() })],
    ['ATTESTATION_OTHER_KEY', (leaf) => ({ ...leaf, signatureKey: newKey(2) })],
    [
      'ATTESTATION_BAD_SIGNATURE',
      async (leaf) => ({
        ...leaf,
        extensions: [attestationExtension(await attest(await createAuthority(), leaf.signatureKey))],
      }),
    ],
    [
      'ATTESTATION_TOO_LONG',
      (leaf) => ({
        ...leaf,
        extensions: [{ extensionType: ATTESTATION_EXTENSION_TYPE, extensionData: new Uint8Array(1_000_000) }],
      }),
    ],
  ])('refuses with %s', async (reason, change) => {
    expect(await reasonFor(await change(await presented()))).toBe(reason);
  });

  it('refuses again what it has believed, once the attestation has expired', async () => {
    let now = NOW;
    const judge = provider({ clock: { now: () => now } });
    const leaf = await presented();
    expect(await reasonFor(leaf, judge)).toBe('accepted');
    now += 3_600_000;
    expect(await reasonFor(leaf, judge)).toBe('ATTESTATION_EXPIRED');
  });

  it('refuses again what it has believed, once the key was withdrawn', async () => {
    let known = true;
    const keys: AttestationKeys = {
      keyFor: (kid) => (known ? authority.keys.keyFor(kid) : Promise.resolve(undefined)),
    };
    const judge = provider({ keys });
    const leaf = await presented();
    expect(await reasonFor(leaf, judge)).toBe('accepted');
    known = false;
    expect(await reasonFor(leaf, judge)).toBe('ATTESTATION_UNKNOWN_KEY');
  });

  it('believes what it has refused, once the key became known', async () => {
    let known = false;
    const keys: AttestationKeys = {
      keyFor: (kid) => (known ? authority.keys.keyFor(kid) : Promise.resolve(undefined)),
    };
    const judge = provider({ keys });
    const leaf = await presented();
    expect(await reasonFor(leaf, judge)).toBe('ATTESTATION_UNKNOWN_KEY');
    known = true;
    expect(await reasonFor(leaf, judge)).toBe('accepted');
  });

  it('takes only the same device for a successor', async () => {
    const judge = provider();
    const [old, renewed] = [await presented(), await presented()];
    const other = await presented(newKey(), 'mimi://example.com/d/alice/b1b2c3d4');
    expect(await judge.validateSuccessor(old, renewed)).toEqual({ valid: true });
    expect(await judge.validateSuccessor(old, other)).toEqual({
      valid: false,
      reason: 'SUCCESSOR_OTHER_DEVICE',
    });
    const certificate = { ...renewed, credential: { credentialType: 2, certificates: [] } } as const;
    expect(await judge.validateSuccessor(certificate, certificate)).toMatchObject({ valid: false });
  });
});

describe('many leaves', () => {
  it('are verified once each and a few at a time', async () => {
    const keys = countingKeys();
    const judge = provider({ keys, concurrency: 4 });
    const ids = Array.from({ length: 40 }, (_, index) => String(10_000_000 + index));
    const leaves = await Promise.all(
      ids.map((id) => presented(newKey(), `mimi://example.com/d/alice/${id}`)),
    );
    const verdicts = await Promise.all([...leaves, ...leaves].map((leaf) => judge.validateCredential(leaf)));
    expect(verdicts.every(({ valid }) => valid)).toBe(true);
    expect([keys.asked, keys.most]).toEqual([40, 4]);
  });

  it('go on after one of them could not be judged', async () => {
    let away = true;
    const keys: AttestationKeys = {
      keyFor: (kid) => (away ? Promise.reject(new Error('away')) : authority.keys.keyFor(kid)),
    };
    const judge = provider({ keys, concurrency: 1 });
    const leaf = await presented();
    await expect(judge.validateCredential(leaf)).rejects.toThrow('away');
    away = false;
    expect(await reasonFor(leaf, judge)).toBe('accepted');
  });

  it('are forgotten when there are more than may be remembered, the least recently used first', async () => {
    let trusted = authority;
    const keys: AttestationKeys = { keyFor: (kid) => trusted.keys.keyFor(kid) };
    const judge = provider({ keys, capacity: 2 });
    const [a, b, c] = [await presented(), await presented(), await presented()];
    for (const leaf of [a, b, a, c]) {
      expect(await reasonFor(leaf, judge)).toBe('accepted');
    }
    // From now on another key has the name: what is remembered still counts, what is forgotten is verified and refused.
    trusted = await createAuthority();
    expect(await reasonFor(a, judge)).toBe('accepted');
    expect(await reasonFor(c, judge)).toBe('accepted');
    expect(await reasonFor(b, judge)).toBe('ATTESTATION_BAD_SIGNATURE');
  });
});
