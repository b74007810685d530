import { describe, expect, it } from '@jest/globals';
import { VerifiedTokens } from '../src/verified-tokens.ts';

describe('tokens that were verified', () => {
  it('are remembered with what was found out, the newest so many', () => {
    const tokens = new VerifiedTokens<string, number>(2);
    for (const who of [1, 2, 3]) tokens.keep(`token ${who}`, { kid: 'k', key: 'key', who });
    expect(tokens.find('token 1')).toBeUndefined();
    expect(tokens.find('token 2')).toEqual({ kid: 'k', key: 'key', who: 2 });
    tokens.keep('token 2', { kid: 'k', key: 'other key', who: 2 });
    tokens.keep('token 4', { kid: 'k', key: 'key', who: 4 });
    expect([tokens.find('token 2')?.key, tokens.find('token 3'), tokens.find('token 4')?.who]).toEqual([
      'other key',
      undefined,
      4,
    ]);
  });
});
