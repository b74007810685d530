import { describe, expect, it } from '@jest/globals';

import { MlsError } from '../../src/errors.ts';
import { receive } from '../parties.ts';
import { recordingSuite } from '../recording-suite.ts';
import { badFrames, badLists, badPaths } from '../refusal/bad-commits.ts';
import { acquainted } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const kinds = [...badLists, ...badPaths, ...badFrames];

describe('a commit that failed', () => {
  it('can be reported: its refusal names a code and the rule, and nothing that is secret [R16.12-01]', async () => {
    const { suite, secrets } = recordingSuite();
    const [alice, bob, carol] = await acquainted({ suite });
    const codes = new Set<string>();
    for (const [, code, make] of kinds) {
      if (code === 'PSK_NOT_AVAILABLE') continue;
      const message = await make(alice, {}, carol);
      const known = [...secrets].map((secret) => hex(secret)).filter((secret) => secret.length >= 32);
      const error: unknown = await receive(bob, message).catch((refusal: unknown) => refusal);
      if (!(error instanceof MlsError)) throw new Error(`a refusal expected, found ${String(error)}`);
      expect(error.requirement).toMatch(/^(R\d+(\.\d+)*-\d{2}|§\d+(\.\d+)*)$/);
      const told = `${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}`;
      expect(known.filter((secret) => told.includes(secret))).toEqual([]);
      codes.add(error.code);
    }
    expect(codes.size).toBeGreaterThan(12);
  });
});
