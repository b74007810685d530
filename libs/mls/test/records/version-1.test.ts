import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { decodeMessage } from '../../src/framing/message.ts';
import { Group } from '../../src/group/group.ts';
import { decodeStagedCommit, encodeStagedCommit } from '../../src/group/records/staged-record.ts';
import { readStateOfVersion1, type StateOfVersion1 } from '../../src/group/records/version-1.ts';
import { decodeState, encodeState } from '../../src/group/state-codec.ts';
import { empty, nameIn, openDoors, refusal, text } from '../parties.ts';
import { hex } from '../suites.ts';
import { expectStored, keeper, plainState, restoredFrom, save } from './record-store.ts';
import { party } from '../parties.ts';

/** What the last release with version 1 wrote for a member, and what the group sent it then. */
interface Saved {
  readonly state: string;
  readonly ratchets: string;
  readonly epoch: number;
  readonly epochAuthenticator: string;
  readonly members: readonly string[];
  readonly proposals: number;
  readonly messages: readonly { readonly text: string; readonly message: string }[];
  readonly commit: string;
  readonly nextEpochAuthenticator: string;
  /** An own commit that was under way: the state after it. */
  readonly pending: {
    readonly state: string;
    readonly ratchets: string;
    readonly ratchetsOfBase: string;
    readonly epochAuthenticator: string;
  };
}

// oxlint-disable-next-line no-unsafe-type-assertion -- made once, by the code that wrote version 1
const saved = JSON.parse(readFileSync(new URL('version-1.json', import.meta.url), 'utf8')) as Saved;

const fromHex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));
const values = ({ state, ratchets }: Record<keyof StateOfVersion1, string>): StateOfVersion1 => ({
  state: fromHex(state),
  ratchets: fromHex(ratchets),
});

describe('a state that version 1 has stored', () => {
  it('is read, and goes on with what was sent to it', async () => {
    const group = new Group(readStateOfVersion1(values(saved)), openDoors);
    expect(group.epoch).toBe(BigInt(saved.epoch));
    expect(hex(group.epochAuthenticator)).toBe(saved.epochAuthenticator);
    expect(Array.from(group.members(), ({ leafNode }) => nameIn(leafNode))).toEqual(saved.members);
    expect(group.state.proposals).toHaveLength(saved.proposals);
    for (const one of saved.messages) {
      const received = await group.process(decodeMessage(fromHex(one.message)));
      if (received.kind !== 'application') throw new Error('application data expected');
      expect(text(received.applicationData)).toBe(one.text);
      await expect(group.process(decodeMessage(fromHex(one.message)))).rejects.toEqual(
        refusal('GENERATION_CONSUMED'),
      );
    }
    const received = await group.process(decodeMessage(fromHex(saved.commit)));
    if (received.kind !== 'commit') throw new Error('a commit expected');
    group.keep(received.staged);
    expect(hex(group.epochAuthenticator)).toBe(saved.nextEpochAuthenticator);
  });

  it('becomes records, all of it', async () => {
    const before = readStateOfVersion1(values(saved));
    expect(plainState(decodeState(encodeState(before)))).toBe(plainState(before));
    const one = keeper({ party: party('bob'), group: new Group(before, openDoors) });
    expectStored(one);
    one.peer = restoredFrom(one.store, one.peer.party);
    await one.peer.group.process(decodeMessage(fromHex(saved.messages[0]?.message ?? '')));
    save(one);
    expectStored(one);
  });

  it('goes on with a commit that was under way', () => {
    const base = readStateOfVersion1({
      state: fromHex(saved.state),
      ratchets: fromHex(saved.pending.ratchetsOfBase),
    });
    const state = readStateOfVersion1(values(saved.pending));
    const effects = {
      committer: base.ownLeafIndex,
      joined: false,
      added: [],
      updated: [],
      removed: [],
      committerLeaf: undefined,
      extensionsChanged: false,
      reinit: undefined,
      selfRemoved: false,
    };
    const group = new Group(base, openDoors);
    const one = keeper({ party: party('bob'), group });
    group.keep(decodeStagedCommit(encodeStagedCommit({ base, state, effects }), group.state));
    save(one);
    expect(hex(group.epochAuthenticator)).toBe(saved.pending.epochAuthenticator);
    expectStored(one);
    expect(() => group.protect({ applicationData: empty, authenticatedData: empty })).not.toThrow();
  });

  it('is refused when its two values are not of one epoch, or not of version 1', () => {
    const good = values(saved);
    const ofNext = values(saved.pending);
    for (const parts of [
      { ...good, ratchets: ofNext.ratchets },
      { ...good, state: ofNext.state },
    ]) {
      expect(() => readStateOfVersion1(parts)).toThrow(refusal('INVALID_STATE'));
    }
    for (const parts of [
      { ...good, state: Uint8Array.of(2, ...good.state.subarray(1)) },
      { ...good, ratchets: Uint8Array.of(2, ...good.ratchets.subarray(1)) },
      { ...good, state: empty },
      { ...good, ratchets: empty },
    ]) {
      expect(() => readStateOfVersion1(parts)).toThrow(refusal('UNSUPPORTED_STATE_VERSION'));
    }
  });
});
