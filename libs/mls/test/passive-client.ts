import { expect } from '@jest/globals';

import { decode } from '@canopy/codec';
import type { VectorValue } from '@canopy/vectors';

import { RatchetTreeNodes, treeFromNodes } from '../src/extensions/ratchet-tree.ts';
import { decodeMessage } from '../src/framing/message.ts';
import { Group, type GroupOptions } from '../src/group/group.ts';
import { decodeState, encodeState } from '../src/group/state-codec.ts';
import { defaultPolicy } from '../src/policy.ts';
import { WireFormat } from '../src/registries.ts';
import { hex, suiteOf } from './suites.ts';

/** Vectors have lifetimes that are over or eternal (spec of the vectors). */
function optionsFor(one: VectorValue): GroupOptions {
  const psks = new Map(
    one
      .get('external_psks')
      .array()
      .map((psk) => [psk.get('psk_id').text(), psk.get('psk').bytes()]),
  );
  return {
    policy: {
      ...defaultPolicy,
      maximumLifetime: undefined,
      checkLifetimeOnReceive: false,
      requireSuiteInCapabilities: false,
    },
    identities: {
      validateCredential: () => Promise.resolve({ valid: true }),
      validateSuccessor: () => Promise.resolve({ valid: true }),
    },
    psks: {
      findExternalPsk: (id) => psks.get(hex(id)),
      findResumptionPsk: () => undefined,
    },
    now: () => 0n,
  };
}

async function join(one: VectorValue, options: GroupOptions): Promise<Group> {
  const keyPackage = decodeMessage(one.get('key_package').bytes());
  const welcome = decodeMessage(one.get('welcome').bytes());
  if (keyPackage.wireFormat !== WireFormat.keyPackage || welcome.wireFormat !== WireFormat.welcome) {
    throw new Error('the vector holds other messages than it says');
  }
  const tree = one.get('ratchet_tree').optional();
  return Group.join(
    {
      suite: suiteOf(one),
      welcome: welcome.welcome,
      keyPackage: {
        keyPackage: keyPackage.keyPackage,
        initPrivateKey: one.get('init_priv').bytes(),
        encryptionPrivateKey: one.get('encryption_priv').bytes(),
        signaturePrivateKey: one.get('signature_priv').bytes(),
      },
      ratchetTree: tree && treeFromNodes(decode(RatchetTreeNodes, tree.bytes())),
    },
    options,
  );
}

/** Stores a state and reads it back, as a restarted client does. */
function restart(group: Group, options: GroupOptions): Group {
  return new Group(decodeState(encodeState(group.state)), options);
}

/** Follows a case: joins, then processes every epoch, restarting in between. */
export async function follow(one: VectorValue): Promise<void> {
  const options = optionsFor(one);
  let group = await join(one, options);
  expect(hex(group.epochAuthenticator)).toBe(one.get('initial_epoch_authenticator').text());
  for (const epoch of one.get('epochs').array()) {
    for (const proposal of epoch.get('proposals').array()) {
      const received = await group.process(decodeMessage(proposal.bytes()));
      expect(received.kind).toBe('proposal');
    }
    group = restart(group, options);
    const received = await group.process(decodeMessage(epoch.get('commit').bytes()));
    if (received.kind !== 'commit') throw new Error('the vector holds no commit');
    group.keep(received.staged);
    expect(hex(group.epochAuthenticator)).toBe(epoch.get('epoch_authenticator').text());
  }
}
