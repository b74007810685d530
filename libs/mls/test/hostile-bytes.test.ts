import { beforeAll, describe, expect, it } from '@jest/globals';

import { CodecError, decode } from '@canopy/codec';
import { CryptoError } from '@canopy/crypto';

import { GroupInfo, signGroupInfo } from '../src/commits/group-info.ts';
import { MlsError } from '../src/errors.ts';
import { createExtension } from '../src/extensions/extension.ts';
import { FramedContent } from '../src/framing/content.ts';
import { decodeMessage, encodeMessage, type MLSMessage } from '../src/framing/message.ts';
import { decodePrivateContent, encodePrivateContent } from '../src/framing/private-message.ts';
import { RequiredCapabilities } from '../src/extensions/required-capabilities.ts';
import { Group } from '../src/group/group.ts';
import { ExtensionType, ProposalType, WireFormat } from '../src/registries.ts';
import { bytesOfContent, forge, publicOf } from './forge.ts';
import { enter, invitation } from './outsider.ts';
import {
  addOf,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  hear,
  join,
  joiner,
  party,
  receive,
  removeOf,
  say,
  snapshot,
  suite1,
  trio,
  type Joiner,
  type Peer,
} from './parties.ts';

const MASKS = [0x01, 0x80, 0xff];

/** Each prefix that is too short, then each byte changed by each mask. */
function* damaged(bytes: Uint8Array, masks = MASKS): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length);
  yield* flipped(bytes, masks);
}

function* flipped(bytes: Uint8Array, masks = MASKS): Generator<Uint8Array> {
  for (const mask of masks) {
    for (let at = 0; at < bytes.length; at++) {
      const copy = Uint8Array.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ mask;
      yield copy;
    }
  }
}

const isTyped = (error: unknown): boolean =>
  error instanceof CodecError || error instanceof MlsError || error instanceof CryptoError;

/** Counts what becomes of attempts; anything that is neither accepted nor a typed refusal ends the test. */
async function attempts<T>(
  inputs: Iterable<T>,
  act: (input: T) => unknown,
): Promise<{ accepted: number; refused: number }> {
  const count = { accepted: 0, refused: 0 };
  for (const input of inputs) {
    try {
      await act(input);
      count.accepted += 1;
    } catch (error) {
      if (!isTyped(error)) throw error;
      count.refused += 1;
    }
  }
  return count;
}

/** Processes a message that was damaged; whatever is staged is dropped. */
async function tryOut({ group }: Peer, bytes: Uint8Array): Promise<void> {
  const received = await group.process(decodeMessage(bytes));
  if (received.kind === 'commit') group.drop(received.staged);
}

describe('a message with damaged bytes is refused and changes nothing [R2.1-03, R6.1-09, R12.4.2-13, R9.2-03]', () => {
  let alice: Peer;
  let bob: Peer;
  let carol: Peer;

  beforeAll(async () => {
    [alice, bob, carol] = await trio();
    // The ratchets of all senders are started, so that the stored state has no reason to change.
    await expectConversation([alice, bob, carol]);
  });

  async function survives(message: MLSMessage): Promise<void> {
    const before = snapshot(bob);
    const { accepted, refused } = await attempts(damaged(encodeMessage(message)), (bytes) =>
      tryOut(bob, bytes),
    );
    expect(accepted).toBe(0);
    expect(refused).toBe(encodeMessage(message).length * (1 + MASKS.length));
    expect(snapshot(bob)).toBe(before);
  }

  it('application data', async () => {
    const message = say(alice, 'true words');
    await survives(message);
    expect(await hear(bob, message)).toBe('true words');
  });

  it.each([
    { name: 'a private commit', wireFormat: WireFormat.privateMessage },
    { name: 'a public commit', wireFormat: WireFormat.publicMessage },
  ])('$name', async ({ wireFormat }) => {
    const { message, staged } = await alice.group.commit({ wireFormat });
    await survives(message);
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
  });

  it.each([
    { name: 'a private proposal', wireFormat: WireFormat.privateMessage },
    { name: 'a public proposal', wireFormat: WireFormat.publicMessage },
  ])('$name', async ({ wireFormat }) => {
    const message = await alice.group.proposeUpdate({ wireFormat, authenticatedData: empty });
    await survives(message);
    for (const peer of [bob, carol]) await receive(peer, message);
    const { message: commit, staged } = await bob.group.commit();
    bob.group.keep(staged);
    for (const peer of [alice, carol]) await follow(peer, commit);
    expectAgreement([alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
  });

  it('an external Commit', async () => {
    const { peer, message } = await enter(party('dave'), alice);
    await survives(message);
    for (const member of [alice, bob, carol]) await follow(member, message);
    expectAgreement([alice, bob, carol, peer]);
  });
});

describe('what a client starts from, damaged, is refused', () => {
  let alice: Peer;
  let dave: Joiner;
  let welcome: MLSMessage;

  beforeAll(async () => {
    [alice] = await trio();
    dave = joiner(party('dave'));
    const created = await alice.group.commit({ proposals: [addOf(dave)], forcePath: true });
    if (created.welcome === undefined) throw new Error('a Welcome expected');
    alice.group.keep(created.staged);
    welcome = { wireFormat: WireFormat.welcome, welcome: created.welcome };
  });

  it('a Welcome, and does not use up the KeyPackage [R12.4.3.1-04, R12.4.3.1-23]', async () => {
    const encoded = encodeMessage(welcome);
    const { accepted } = await attempts(damaged(encoded), (bytes) => join(dave, decodeMessage(bytes)));
    expect(accepted).toBe(0);
    const peer = await join(dave, welcome);
    expectAgreement([alice, peer]);
    expect(await hear(peer, say(alice, 'welcome'))).toBe('welcome');
  });

  it('a KeyPackage in an Add [R10-06, R10.1-03]', async () => {
    const { keyPackage } = joiner(party('erin')).keyPackage;
    const before = snapshot(alice);
    const encoded = encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage });
    const { accepted } = await attempts(damaged(encoded), async (bytes) => {
      const message = decodeMessage(bytes);
      if (message.wireFormat !== WireFormat.keyPackage)
        throw new MlsError('MALFORMED', '-', 'something else');
      const add = { proposalType: ProposalType.add, keyPackage: message.keyPackage };
      alice.group.drop((await alice.group.commit({ proposals: [add], wireFormat: 1 })).staged);
    });
    expect(accepted).toBe(0);
    expect(snapshot(alice)).toBe(before);
  });

  it('a GroupInfo for an external Commit [R12.4.3-06, R12.4.3.2-02]', async () => {
    const encoded = encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo: invitation(alice) });
    const { accepted } = await attempts(damaged(encoded), (bytes) => {
      const message = decodeMessage(bytes);
      if (message.wireFormat !== WireFormat.groupInfo) throw new MlsError('MALFORMED', '-', 'something else');
      return enter(party('frank'), alice, { groupInfo: message.groupInfo });
    });
    expect(accepted).toBe(0);
  });
});

describe('a member that signs nonsense', () => {
  it('in a commit is refused or understood, and the next good commit is followed [R12.4.2-13]', async () => {
    const [alice, bob, carol] = await trio();
    await expectConversation([alice, bob, carol]);
    const extensions = [
      createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
        extensionTypes: [1],
        proposalTypes: [2],
        credentialTypes: [1],
      }),
    ];
    const { message, staged } = await alice.group.commit({
      wireFormat: WireFormat.publicMessage,
      proposals: [
        addOf(joiner(party('dave'))),
        removeOf(carol),
        { proposalType: ProposalType.groupContextExtensions, extensions },
        {
          proposalType: ProposalType.psk,
          psk: {
            pskType: 2,
            usage: 1,
            pskGroupId: alice.group.groupId,
            pskEpoch: 1n,
            pskNonce: suite1.random(32),
          },
        },
      ],
    });
    const { confirmationTag } = publicOf(message).auth;
    const before = snapshot(bob);
    const { accepted, refused } = await attempts(flipped(bytesOfContent(message), [0x01, 0x80]), (bytes) => {
      const content = decode(FramedContent, bytes);
      const how = confirmationTag === undefined ? {} : { confirmationTag };
      return tryOut(bob, encodeMessage(forge(alice, content.body, { ...how, content })));
    });
    // The tag confirms the transcript: no changed content can have the true one.
    expect(accepted).toBe(0);
    expect(refused).toBeGreaterThan(1000);
    expect(snapshot(bob)).toBe(before);
    alice.group.keep(staged);
    await follow(bob, message);
    expectAgreement([alice, bob]);
  });

  it('in a GroupInfo does not get a joiner into a broken tree, nor break the joiner [R12.4.3.1-10, R12.4.3.1-11]', async () => {
    const [alice, bob] = await trio();
    const good = invitation(alice);
    const { signaturePrivateKey } = alice.group.state;
    const dave = party('dave');
    const { accepted, refused } = await attempts(
      flipped(GroupInfo.bytesOf(good), [0x01, 0x80]),
      async (bytes) => {
        const { groupContext, extensions, confirmationTag, signer } = decode(GroupInfo, bytes);
        const groupInfo = signGroupInfo(
          suite1,
          { groupContext, extensions, confirmationTag, signer },
          signaturePrivateKey,
        );
        const { peer, message } = await enter(dave, alice, { groupInfo });
        // What was accepted is a group of the same shape; nobody else takes its commit unless all is as it was.
        expect(peer.group.state.tree.memberCount).toBe(4);
        const received = await attempts([encodeMessage(message)], (encoded) => tryOut(bob, encoded));
        expect(received.accepted + received.refused).toBe(1);
      },
    );
    expect(refused).toBeGreaterThan(accepted);
    const { message, peer } = await enter(dave, alice);
    for (const member of [alice, bob]) await follow(member, message);
    expectAgreement([alice, bob, peer]);
  });

  it('inside of a PrivateMessage is refused or understood [R6.3.1-01, R6.3.1-03]', async () => {
    const [alice] = await trio();
    const { message } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const { content, auth } = publicOf(message);
    const { contentType } = content.body;
    const encoded = encodePrivateContent({ body: content.body, auth }, (length) => length + 9);
    const cut = await attempts(damaged(encoded), (bytes) => {
      decodePrivateContent(contentType, bytes);
    });
    expect(cut.refused).toBeGreaterThan(0);
    expect(cut.accepted + cut.refused).toBe(encoded.length * 4);
  });
});

describe('bytes of nothing in particular', () => {
  it('are refused as messages [R2.1.2-06]', async () => {
    const group = await trio().then(([alice]) => alice.group);
    const inputs = Array.from({ length: 2000 }, (_, at) => {
      const bytes = suite1.random(1 + (at % 97));
      // Half of them pretend to be a message of this version, so that they get further.
      if (at % 2 === 0) bytes.set([0, 1, 0, 1 + (at % 5)].slice(0, bytes.length));
      return bytes;
    });
    const { accepted } = await attempts(inputs, (bytes) => group.process(decodeMessage(bytes)));
    expect(accepted).toBe(0);
    expect(group).toBeInstanceOf(Group);
  });
});
