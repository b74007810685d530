import { describe, expect, it } from '@jest/globals';

import { CodecError, decode, encode, type Codec } from '@canopy/codec';

import { Commit, ProposalOrRef } from '../../src/commits/commit.ts';
import { GroupSecrets } from '../../src/commits/welcome.ts';
import { Credential } from '../../src/credentials/credential.ts';
import { Extensions } from '../../src/extensions/extension.ts';
import { RatchetTreeNodes } from '../../src/extensions/ratchet-tree.ts';
import { FramedContent, Sender } from '../../src/framing/content.ts';
import { decodeMessage, encodeMessage, type MLSMessage } from '../../src/framing/message.ts';
import { PrivateMessage } from '../../src/framing/private-message.ts';
import { ExtensionType, WireFormat } from '../../src/registries.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { PreSharedKeyID } from '../../src/schedule/psk.ts';
import { Capabilities } from '../../src/tree/capabilities.ts';
import { LeafNodeContent } from '../../src/tree/leaf-node.ts';
import {
  empty,
  expectAgreement,
  expectConversation,
  follow,
  groupOf,
  hear,
  join,
  party,
  receive,
  say,
  snapshot,
  trio,
  type Peer,
} from '../parties.ts';
import { asMessage, forgeWelcome, invite } from '../refusal/forge-welcome.ts';

const refused = (code: string): unknown => expect.objectContaining({ name: 'CodecError', code });

/** A place in good bytes, where only some values are good. */
interface Place {
  readonly what: string;
  readonly good: number;
  readonly decodes: (change?: number) => unknown;
}

function place<T>(what: string, codec: Codec<T>, bytes: readonly number[], at: number): Place {
  const decodes = (change = bytes[at] ?? 0): T => decode(codec, Uint8Array.from(bytes).with(at, change));
  return { what, good: bytes[at] ?? 0, decodes };
}

const uint64 = [0, 0, 0, 0, 0, 0, 0, 0];
const noCapabilities = [0, 0, 0, 0, 0];
/** Empty keys, an empty basic credential, no capabilities; then the source and no extensions. */
const leaf = (...source: readonly number[]): number[] => [0, 0, 0, 1, 0, ...noCapabilities, ...source, 0];
const parentNode = [2, 0, 0, 0];

const tags: readonly (Place & { readonly values: number })[] = [
  { ...place('content_type', FramedContent, [0, ...uint64, 3, 0, 1, 0], 11), values: 3 },
  { ...place('content_type', PrivateMessage, [0, ...uint64, 1, 0, 0, 0], 9), values: 3 },
  { ...place('sender_type', Sender, [3], 0), values: 4 },
  { ...place('leaf_node_source', LeafNodeContent, leaf(2), 10), values: 3 },
  { ...place('node_type', RatchetTreeNodes, [5, 1, ...parentNode], 2), values: 2 },
  { ...place('psktype', PreSharedKeyID, [1, 0, 0], 0), values: 2 },
  { ...place('usage', PreSharedKeyID, [2, 1, 0, ...uint64, 0], 1), values: 3 },
  { ...place('ProposalOrRefType', ProposalOrRef, [2, 0], 0), values: 2 },
];

describe('a tag that steers a choice is refused', () => {
  it.each(tags)(
    '$what of none, of the first free value and of 255 [R2.1-04]',
    ({ values, good, decodes }) => {
      expect(good).toBeGreaterThan(0);
      expect(good).toBeLessThanOrEqual(values);
      expect(() => decodes()).not.toThrow();
      for (const value of [0, values + 1, 255])
        expect(() => decodes(value)).toThrow(refused('UNKNOWN_VALUE'));
    },
  );
});

describe('a presence octet is refused', () => {
  it.each([
    place('the path of a Commit', Commit, [0, 0], 1),
    place('the path secret of GroupSecrets', GroupSecrets, [0, 0, 0], 1),
    place('a node of a ratchet_tree', RatchetTreeNodes, [1, 0], 1),
  ])('that says neither yes nor no about $what [R2.1.1-02]', ({ good, decodes }) => {
    expect(good).toBe(0);
    expect(() => decodes()).not.toThrow();
    for (const value of [0x02, 0x80, 0xff]) {
      expect(() => decodes(value)).toThrow(refused('INVALID_PRESENCE'));
    }
  });
});

describe('vectors of structures', () => {
  it('are refused with a part of an element at their end [R2.1.2-08]', () => {
    expect(() => decode(Capabilities, Uint8Array.of(3, 0, 1, 0, 0, 0, 0, 0))).toThrow(refused('TRUNCATED'));
    expect(() => decode(Extensions, Uint8Array.of(2, 0xf0, 1))).toThrow(refused('TRUNCATED'));
    expect(() => decode(Extensions, Uint8Array.of(4, 0xf0, 1, 2, 0))).toThrow(refused('TRUNCATED'));
  });

  it('may be empty: identities, keys, signatures, lists [R2.1.2-09]', () => {
    expect(decode(Credential, Uint8Array.of(0, 1, 0))).toEqual({ credentialType: 1, identity: empty });
    expect(decode(Credential, Uint8Array.of(0, 2, 0))).toEqual({ credentialType: 2, certificates: [] });
    expect(decode(Commit, Uint8Array.of(0, 0))).toEqual({ proposals: [], path: undefined });
    expect(decode(LeafNodeContent, Uint8Array.from(leaf(2)))).toMatchObject({ encryptionKey: empty });
  });

  it('may be an empty group_id, with which a group works like with any other [R2.1.2-09]', async () => {
    const peers = await groupOf(['alice', 'bob'], {}, { groupId: empty });
    expect(decode(GroupContext, encode(GroupContext, context(peers[0]))).groupId).toEqual(empty);
    await expectConversation(peers);
  });
});

function context(peer: Peer | undefined): GroupContext {
  if (peer === undefined) throw new Error('a member expected');
  return peer.group.state.groupContext;
}

describe('a byte too many', () => {
  it('behind the data of an extension of a GroupInfo stops a join, and the true Welcome is still good [R2.1-02]', async () => {
    const invited = await invite();
    const message = forgeWelcome(invited, {
      groupInfo: (info) => ({
        ...info,
        extensions: info.extensions.map((extension) =>
          extension.extensionType === ExtensionType.ratchetTree
            ? { ...extension, extensionData: Uint8Array.of(...extension.extensionData, 0) }
            : extension,
        ),
      }),
    });
    await expect(join(invited.joiner, message)).rejects.toEqual(refused('TRAILING_BYTES'));
    expectAgreement([invited.committer, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it.each(['requiredCapabilities', 'externalSenders'] as const)(
    'behind %s stops a commit of it on both sides [R2.1-02]',
    async (name) => {
      const [alice] = await trio();
      const good = name === 'requiredCapabilities' ? [0, 0, 0] : [0];
      const replacing = (...data: readonly number[]): Parameters<Peer['group']['commit']>[0] => ({
        proposals: [
          {
            proposalType: 7,
            extensions: [{ extensionType: ExtensionType[name], extensionData: Uint8Array.from(data) }],
          },
        ],
      });
      const before = snapshot(alice);
      await expect(alice.group.commit(replacing(...good, 0))).rejects.toEqual(refused('TRAILING_BYTES'));
      expect(snapshot(alice)).toBe(before);
      alice.group.drop((await alice.group.commit(replacing(...good))).staged);
    },
  );

  it('behind a message is refused [R2.1-02]', async () => {
    const [alice, bob] = await trio();
    const message = say(alice, 'whole');
    const longer = Uint8Array.of(...encodeMessage(message), 0);
    expect(() => decodeMessage(longer)).toThrow(refused('TRAILING_BYTES'));
    expect(await hear(bob, message)).toBe('whole');
  });
});

/** The group_id of a message, whose length is written in two bytes instead of one. */
function stretched(message: MLSMessage): Uint8Array {
  const bytes = encodeMessage(message);
  expect(bytes[4]).toBe(16);
  return Uint8Array.of(...bytes.subarray(0, 4), 0x40, ...bytes.subarray(4));
}

describe('a length in more bytes than needed (S7)', () => {
  it('is refused in every kind of message, before anything else is looked at [R2.1.2-03]', async () => {
    const [alice, bob] = await trio();
    const handshake = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    for (const message of [say(alice, 'hello'), await alice.group.proposeUpdate(handshake)]) {
      const before = snapshot(bob);
      expect(() => decodeMessage(stretched(message))).toThrow(refused('NON_MINIMAL_LENGTH'));
      expect(snapshot(bob)).toBe(before);
      await receive(bob, message);
    }
  });
});

/** Decodes a message and then uses its buffer for something else. */
function fromReusedBuffer(message: MLSMessage): MLSMessage {
  const buffer = Buffer.from(encodeMessage(message));
  const decoded = decodeMessage(buffer);
  buffer.fill(0xff);
  return decoded;
}

describe('the buffer that a message came in (S9)', () => {
  it('may be used again, before the message is processed and after', async () => {
    const invited = await invite();
    const { committer: alice, joiner } = invited;
    const welcome = fromReusedBuffer(asMessage(invited.welcome));
    const dave = await join(joiner, welcome);
    const { message, staged } = await alice.group.commit({ forcePath: true });
    alice.group.keep(staged);
    await follow(dave, fromReusedBuffer(message));
    expectAgreement([alice, dave]);
    await expectConversation([alice, dave]);
  });

  it('is not what the state of a member looks into', async () => {
    const [alice, bob] = await trio();
    const buffer = encodeMessage((await alice.group.commit({ proposals: [], wireFormat: 1 })).message);
    const received = await bob.group.process(decodeMessage(buffer));
    if (received.kind !== 'commit') throw new Error('a commit expected');
    bob.group.keep(received.staged);
    const before = snapshot(bob);
    buffer.fill(0);
    expect(snapshot(bob)).toBe(before);
    expect(() => decodeMessage(buffer)).toThrow(CodecError);
  });
});

describe('a client of a group', () => {
  it('keeps epochs beyond 2^53 apart [R2.1-01]', async () => {
    const [alice] = await trio();
    const far = (epoch: bigint): Uint8Array => encode(GroupContext, { ...context(alice), epoch });
    const [a, b] = [far(2n ** 53n), far(2n ** 53n + 1n)];
    expect(a).not.toEqual(b);
    expect(decode(GroupContext, b).epoch).toBe(2n ** 53n + 1n);
    expect(party('alice').suite.hash.digest(a)).not.toEqual(party('alice').suite.hash.digest(b));
  });
});
