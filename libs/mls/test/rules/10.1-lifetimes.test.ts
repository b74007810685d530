import { describe, expect, it } from '@jest/globals';

import type { KeyPackage } from '../../src/key-packages/key-package.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { ProposalType } from '../../src/registries.ts';
import {
  addOf,
  announce,
  joiner,
  keyPackageOf,
  lifetime,
  NOW,
  openDoors,
  party,
  restarted,
} from '../parties.ts';
import { acquainted } from '../refusal/expect-refused.ts';
import { expectNotProposed, forgeProposal, publicly } from './12.1-proposals.ts';

const dave = party('dave');

const add = (keyPackage: KeyPackage): Parameters<typeof forgeProposal>[1] => ({
  proposalType: ProposalType.add,
  keyPackage,
});

describe('a KeyPackage is taken', () => {
  it('although it is over, when the policy of the receiver says so [R7.3-09]', async () => {
    const [alice, bob] = await acquainted();
    const policy = { ...defaultPolicy, checkLifetimeOnReceive: false };
    const patient = restarted({ ...bob, party: { ...bob.party, options: { ...openDoors, policy } } });
    const over = { notBefore: lifetime.notBefore - 100n, notAfter: NOW - 1n };
    const { keyPackage } = keyPackageOf(dave, { lifetime: over });
    await announce(forgeProposal(alice, add(keyPackage)), patient);
    expect(patient.group.state.proposals).toHaveLength(1);
    await expectNotProposed(patient, add(keyPackage), 'LEAF_NODE_EXPIRED', 'R7.3-08');
  });

  it('at the first and the last second of its life [R7.2-10, R7.3-08]', async () => {
    const [alice] = await acquainted();
    for (const [moment, isTaken] of [
      [lifetime.notBefore - 1n, false],
      [lifetime.notBefore, true],
      [lifetime.notAfter, true],
      [lifetime.notAfter + 1n, false],
    ] as const) {
      const options = { ...openDoors, now: () => moment };
      const then = restarted({ ...alice, party: { ...alice.party, options } });
      const proposed = then.group.propose(addOf(joiner(dave)), publicly);
      if (isTaken) await expect(proposed).resolves.toBeDefined();
      else await expect(proposed).rejects.toMatchObject({ code: 'LEAF_NODE_EXPIRED' });
    }
  });

  it('that lasts as long as the policy allows, or for ever where it sets no maximum [R7.2-09] (S8)', async () => {
    const limit = 1000n;
    for (const [maximumLifetime, lasting, isTaken] of [
      [limit, limit, true],
      [limit, limit + 1n, false],
      [undefined, 2n ** 60n, true],
    ] as const) {
      const policy = { ...defaultPolicy, maximumLifetime };
      const [alice] = await acquainted();
      const notBefore = NOW - 10n;
      const { keyPackage } = keyPackageOf(dave, { lifetime: { notBefore, notAfter: notBefore + lasting } });
      const strict = restarted({ ...alice, party: { ...alice.party, options: { ...openDoors, policy } } });
      const proposed = strict.group.propose(add(keyPackage), publicly);
      if (isTaken) await expect(proposed).resolves.toBeDefined();
      else await expect(proposed).rejects.toMatchObject({ code: 'LEAF_NODE_LIFETIME_TOO_LONG' });
    }
  });
});
