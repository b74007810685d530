import { describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import { parseJwks } from '../src/index.ts';
import { createAuthority } from './authority.ts';

const setOf = (...keys: readonly unknown[]): string => JSON.stringify({ keys });

describe('a key set', () => {
  it('gives its Ed25519 keys by name and passes over all others', async () => {
    const { jwk } = await createAuthority();
    const ec = { ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid: 'ec' };
    const others = [
      ec,
      { ...jwk, kid: 'encrypts', use: 'enc' },
      { ...jwk, kid: 'other-algorithm', alg: 'RS256' },
      { ...jwk, kid: undefined },
      { kty: 'future', kid: 'future' },
    ];
    const keys = await parseJwks(setOf({ ...jwk, alg: 'EdDSA', use: 'sig' }, ...others));
    expect((await keys.keyFor('current'))?.type).toBe('public');
    for (const kid of ['ec', 'encrypts', 'other-algorithm', 'future', '', 'undefined', 'constructor']) {
      expect(await keys.keyFor(kid)).toBeUndefined();
    }
  });

  it.each(['', '{', 'null', '[]', '{"keys":7}', '{"keys":[7]}', `{"keys":[],"x":"${'x'.repeat(65_536)}"}`])(
    'is refused when it is none: %.30j',
    async (json) => {
      await expect(parseJwks(json)).rejects.toMatchObject({ code: 'INVALID_KEY_SET' });
    },
  );

  it('is refused with a private key, a key twice, a key that is none, or too many', async () => {
    const { jwk } = await createAuthority();
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    const secret = { ...(await exportJWK(pair.privateKey)), kid: 'secret' };
    const many = Array.from({ length: 65 }, (_, index) => ({ ...jwk, kid: String(index) }));
    for (const set of [setOf(secret), setOf(jwk, jwk), setOf({ ...jwk, x: 'AAAA' }), setOf(...many)]) {
      await expect(parseJwks(set)).rejects.toMatchObject({ code: 'INVALID_KEY_SET' });
    }
  });
});
