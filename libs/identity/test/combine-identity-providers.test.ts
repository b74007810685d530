import type { IdentityProvider, PresentedCredential } from '@canopy/mls';
import { describe, expect, it } from '@jest/globals';
import { combineIdentityProviders, deviceCredential, type CombinedProvidersOptions } from '../src/index.ts';
import { newKey } from './authority.ts';
import { DEVICE, device, issuing, judge, present, reasonFor } from './x509/judging.ts';

/** Says who was asked. */
function sayer(who: string): IdentityProvider {
  const say = () => Promise.resolve({ valid: false, reason: who });
  return { validateCredential: say, validateSuccessor: say };
}

const basicLeaf = (uri = DEVICE): PresentedCredential => ({
  credential: deviceCredential(uri),
  signatureKey: newKey(),
  extensions: [],
});
const x509Leaf = (uris: readonly string[] = [DEVICE]) => present(device(issuing, { uris }), issuing);

async function reasonForChange(
  [old, renewed]: readonly [PresentedCredential, PresentedCredential],
  changeOfType: CombinedProvidersOptions['changeOfType'],
): Promise<string> {
  const by = combineIdentityProviders({ basic: sayer('basic'), x509: sayer('x509'), changeOfType });
  const verdict = await by.validateSuccessor(old, renewed);
  return verdict.valid ? 'accepted' : verdict.reason;
}

const change = (old: PresentedCredential, renewed: PresentedCredential) =>
  reasonForChange([old, renewed], 'same-device');

describe('two judges in one', () => {
  it('judge each its own type', async () => {
    const by = combineIdentityProviders({ basic: sayer('basic'), x509: judge(), changeOfType: 'refuse' });
    expect(await reasonFor(basicLeaf(), by)).toBe('basic');
    expect(await reasonFor(x509Leaf(), by)).toBe('accepted');
  });

  it('judge each the successors of its own type', async () => {
    for (const changeOfType of ['refuse', 'same-device'] as const) {
      expect(await reasonForChange([basicLeaf(), basicLeaf()], changeOfType)).toBe('basic');
      expect(await reasonForChange([x509Leaf(), x509Leaf()], changeOfType)).toBe('x509');
    }
  });

  it('refuse a change of the type where nobody asked for it [R5.3.1-07]', async () => {
    expect(await reasonForChange([basicLeaf(), x509Leaf()], 'refuse')).toBe('SUCCESSOR_OTHER_TYPE');
    expect(await reasonForChange([x509Leaf(), basicLeaf()], 'refuse')).toBe('SUCCESSOR_OTHER_TYPE');
  });

  it('can let the same device change its type, and no other one [R5.3.1-07]', async () => {
    const mallory = 'mimi://example.com/d/mallory/a1b2c3d4';
    expect(await change(basicLeaf(), x509Leaf())).toBe('accepted');
    expect(await change(x509Leaf(), basicLeaf())).toBe('accepted');
    expect(await change(basicLeaf(), x509Leaf([mallory]))).toBe('SUCCESSOR_OTHER_DEVICE');
    expect(await change(x509Leaf(), basicLeaf(mallory))).toBe('SUCCESSOR_OTHER_DEVICE');
    // Two that name nobody are not the same.
    const nameless = {
      ...basicLeaf(),
      credential: { credentialType: 1, identity: new Uint8Array() },
    } as const;
    expect(await change(nameless, x509Leaf([]))).toBe('SUCCESSOR_OTHER_DEVICE');
  });
});
