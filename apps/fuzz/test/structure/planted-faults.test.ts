import { describe, expect, it } from '@jest/globals';

import { encodeMessage, Group, type GroupState } from '@canopy/mls';

import { Client } from '../../src/structure/client.ts';
import type { Device } from '../../src/structure/device.ts';
import type { Action } from '../../src/structure/run-world.ts';
import { load, store } from '../../src/structure/storage.ts';
import { live } from '../worlds.ts';

/** Changes the state of a member behind its back. */
function tamper(change: (state: GroupState, device: Device) => Partial<GroupState>): Action {
  return ({ choices, active, suite }) => {
    const device = choices.maybeOneOf(active);
    if (device === undefined) return;
    const state = load(store(device.group.state), suite);
    device.group = new Group({ ...state, ...change(state, device) }, device.setting.options);
  };
}

const nothing = new Uint8Array(0);

/** What a broken library could do, and the words by which the fuzzer tells it. */
const faults: readonly { readonly fault: string; readonly plant: Action; readonly found: RegExp }[] = [
  {
    fault: 'another epoch authenticator',
    plant: tamper(({ secrets }) => ({ secrets: { ...secrets, epochAuthenticator: new Uint8Array(32) } })),
    found: /epoch authenticator/,
  },
  {
    fault: 'another exporter secret',
    plant: tamper(({ secrets }) => ({ secrets: { ...secrets, exporterSecret: new Uint8Array(32) } })),
    found: /exported secret/,
  },
  {
    fault: 'another transcript',
    plant: tamper(({ groupContext }) => ({
      groupContext: { ...groupContext, confirmedTranscriptHash: new Uint8Array(32) },
    })),
    found: /group context/,
  },
  {
    fault: 'a private key that does not fit',
    plant: tamper(({ keys, suite }) => ({
      keys: new Map([...keys.keys()].map((node) => [node, suite.hpke.generateKeyPair().privateKey])),
    })),
    found: /private keys/,
  },
  {
    fault: 'a signature key that is not the one of the leaf',
    plant: tamper(({ suite }) => ({ signaturePrivateKey: suite.signature.generateKeyPair().privateKey })),
    found: /signature/,
  },
  {
    fault: 'a proposal that is forgotten',
    plant: tamper(() => ({ proposals: [] })),
    found: /PROPOSALS_PENDING expected|UNKNOWN_PROPOSAL_REFERENCE/,
  },
  {
    fault: 'a ratchet that starts again',
    plant: tamper((state, device) => ({ secretTree: load(firstOf(device, state), state.suite).secretTree })),
    found: /sent by this member itself|was used or dropped/,
  },
  {
    fault: 'an untyped error',
    plant: async ({ active, choices }) => {
      const device = choices.maybeOneOf(active);
      if (device !== undefined)
        Object.assign(device.group, { process: () => Promise.reject(new RangeError('too far')) });
    },
    found: /RangeError: too far/,
  },
  {
    fault: 'a refusal that changes something',
    plant: ({ active, choices }) => {
      const device = choices.maybeOneOf(active);
      if (device !== undefined) Object.assign(device.group, { process: forgetful(device.group) });
    },
    found: /a refusal changes nothing|it changes nothing|PENDING|UNKNOWN_PROPOSAL/,
  },
  {
    fault: 'somebody who is out and has a key of the tree',
    plant: (world) => {
      const device = world.choices.maybeOneOf(world.active);
      if (device === undefined) return;
      const stored = store(device.group.state);
      world.haunt({ name: 'a spy', stored, outSince: device.model.epoch });
    },
    found: /a spy/,
  },
  {
    fault: 'a message that does not arrive',
    plant: ({ devices, choices }) => {
      const device = choices.maybeOneOf(devices.filter(({ queue }) => queue.length > 0));
      device?.queue.splice(0);
    },
    found: /has never read|is left behind|never came/,
  },
  {
    fault: 'a commit that does nothing of what was asked for',
    plant: ({ active, choices }) => {
      const group = choices.maybeOneOf(active)?.group;
      if (group === undefined) return;
      const commit = group.commit.bind(group);
      const idle: typeof commit = (request) => commit({ ...request, proposals: [], identity: undefined });
      Object.assign(group, { commit: idle });
    },
    found: /an Add adds its leaf|a Remove removes its leaf|the one asked for|those asked for/,
  },
  {
    fault: 'an inbox that forgets what came too early',
    plant: ({ active }) => {
      for (const { inbox } of active) if (inbox !== undefined) Object.assign(inbox, { takeRipe: () => [] });
    },
    found: /the inbox gives #\d+ back in its epoch/,
  },
];

const firsts = new WeakMap<Device, { readonly epoch: bigint; readonly stored: Uint8Array }>();

/** The state of a member as it was when it was first looked at in this epoch. */
function firstOf(device: Device, state: GroupState): Uint8Array {
  const { epoch } = state.groupContext;
  const known = firsts.get(device);
  if (known?.epoch === epoch) return known.stored;
  const stored = store(state);
  firsts.set(device, { epoch, stored });
  return stored;
}

/** Refuses as it should, but loses the own sending key on the way. */
function forgetful(group: Group): Group['process'] {
  const process = group.process.bind(group);
  return async (message) => {
    try {
      return await process(message);
    } catch (error) {
      const { secretTree, ownLeafIndex } = group.state;
      secretTree.ratchet(ownLeafIndex, 'handshake').next();
      throw error;
    }
  };
}

describe('the fuzzer finds', () => {
  it.each(faults)('$fault', async ({ plant, found }) => {
    const messages: string[] = [];
    for (let seed = 100; seed < 110; seed++) {
      const { finding } = await live(seed, { steps: 120, members: 5 }, [plant]);
      if (finding !== undefined) messages.push(finding.message);
    }
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.join('\n')).toMatch(found);
  });

  it('nothing where nothing was planted', async () => {
    for (let seed = 100; seed < 110; seed++) {
      const { finding } = await live(seed, { steps: 120, members: 5 }, [() => {}]);
      expect(finding?.message).toBeUndefined();
    }
  });
});

const throwLate: Action = ({ step }) => {
  if (step > 30) throw new TypeError('planted');
};

describe('a finding', () => {
  it('tells the step and what has happened before', async () => {
    const { finding } = await live(7, {}, [throwLate]);
    expect(finding?.message).toBe('planted');
    expect(finding?.step).toBeGreaterThan(30);
    expect(finding?.log.length).toBeGreaterThan(5);
    expect(finding?.log.length).toBeLessThanOrEqual(40);
    expect(finding?.log.at(-1)).toMatch(/^step \d+: /);
  });
});

describe('a client of the simulation', () => {
  it('gives out a KeyPackage of last resort again, and any other one once', async () => {
    const { suite } = await import('../../src/seeded-suite.ts').then(({ seededSuite }) => ({
      suite: seededSuite(1, 1),
    }));
    const client = new Client(suite, 'm');
    expect(client.publish(true)).toBe(client.publish(true));
    expect(client.publish(false)).not.toBe(client.publish(false));
    expect(() => encodeMessage({ wireFormat: 5, keyPackage: client.publish(true).keyPackage })).not.toThrow();
    expect(nothing).toHaveLength(0);
  });
});
