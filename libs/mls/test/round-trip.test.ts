import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { CodecError, decode, encode, type Codec } from '@canopy/codec';
import { HPKECiphertext } from '@canopy/crypto';

import { Commit, ProposalOrRef } from '../src/commits/commit.ts';
import { GroupInfo } from '../src/commits/group-info.ts';
import { GroupSecrets, Welcome } from '../src/commits/welcome.ts';
import { Credential } from '../src/credentials/credential.ts';
import { ApplicationId } from '../src/extensions/application-id.ts';
import { Extensions } from '../src/extensions/extension.ts';
import { ExternalPub } from '../src/extensions/external-pub.ts';
import { ExternalSenders } from '../src/extensions/external-senders.ts';
import { RatchetTreeNodes } from '../src/extensions/ratchet-tree.ts';
import { RequiredCapabilities } from '../src/extensions/required-capabilities.ts';
import { AuthenticatedContent } from '../src/framing/authentication.ts';
import { FramedContent, Sender } from '../src/framing/content.ts';
import { MLSMessage } from '../src/framing/message.ts';
import {
  decodePrivateContent,
  encodePrivateContent,
  PrivateContentAAD,
  PrivateMessage,
} from '../src/framing/private-message.ts';
import { PublicMessage } from '../src/framing/public-message.ts';
import { SenderData } from '../src/framing/sender-data.ts';
import { KeyPackage } from '../src/key-packages/key-package.ts';
import { Proposal, ReInit } from '../src/proposals/proposal.ts';
import { GroupContext } from '../src/schedule/group-context.ts';
import { PreSharedKeyID } from '../src/schedule/psk.ts';
import { Capabilities } from '../src/tree/capabilities.ts';
import { LeafNode, LeafNodeContent } from '../src/tree/leaf-node.ts';
import { Lifetime } from '../src/tree/lifetime.ts';
import { ParentNode } from '../src/tree/parent-node.ts';
import { UpdatePath } from '../src/tree/update-path.ts';
import * as any from './arbitraries.ts';

const runs = { numRuns: 60 };

/** Requires that a value comes back as it was, that its bytes come back as they were, and that nothing may follow. */
function comesBack<T>(codec: Codec<T>, value: T): void {
  const encoded = encode(codec, value);
  const decoded = decode(codec, encoded);
  expect(decoded).toEqual(value);
  expect(encode(codec, decoded)).toEqual(encoded);
  // A structure that keeps its bytes would pass by repeating them: its parts are written anew here.
  expect(encode(codec, structuredClone(decoded))).toEqual(encoded);
  const longer = Uint8Array.of(...encoded, 0);
  expect(() => decode(codec, longer)).toThrow(CodecError);
}

function comesBackAlways<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (value) => comesBack(codec, value)),
    runs,
  );
}

/** The codec and the values are of one type; only the table forgets which. */
const row = <T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>): [string, () => void] => [
  name,
  () => comesBackAlways(codec, values),
];

const hpke = fc.record({ kemOutput: any.data, ciphertext: any.data });

describe('every structure comes back from its bytes [R2.1-01, R2.1-02, R2.1-05, R2.1.1-01]', () => {
  it.each([
    row('Credential', Credential, any.credential),
    row('Capabilities', Capabilities, any.capabilities),
    row('Lifetime', Lifetime, any.lifetime),
    row('LeafNode', LeafNode, any.leafNode),
    row('LeafNodeContent', LeafNodeContent, any.leafNodeContent),
    row('ParentNode', ParentNode, any.parentNode),
    row('HPKECiphertext', HPKECiphertext, hpke),
    row('UpdatePath', UpdatePath, any.updatePath),
    row('KeyPackage', KeyPackage, any.keyPackage),
    row('PreSharedKeyID', PreSharedKeyID, any.preSharedKeyId),
    row('ReInit', ReInit, any.reinit),
    row('ProposalOrRef', ProposalOrRef, any.proposalOrRef),
    row('Commit', Commit, any.commit),
    row('AuthenticatedContent', AuthenticatedContent, any.authenticatedContent),
    row('PublicMessage', PublicMessage, any.publicMessage),
    row('PrivateMessage', PrivateMessage, any.privateMessage),
    row(
      'PrivateContentAAD',
      PrivateContentAAD,
      any.privateMessage.map(({ groupId, epoch, contentType, authenticatedData }) => ({
        groupId,
        epoch,
        contentType,
        authenticatedData,
      })),
    ),
    row('SenderData', SenderData, any.senderData),
    row('GroupContext', GroupContext, any.groupContext),
    row('GroupInfo', GroupInfo, any.groupInfo),
    row('GroupSecrets', GroupSecrets, any.groupSecrets),
    row('Welcome', Welcome, any.welcome),
    row('ratchet_tree', RatchetTreeNodes, any.ratchetTreeNodes),
    row('extensions', Extensions, any.extensions),
    row('application_id', ApplicationId, any.data),
    row('required_capabilities', RequiredCapabilities, any.requiredCapabilities),
    row('external_pub', ExternalPub, fc.record({ externalPub: any.data })),
    row('external_senders', ExternalSenders, any.externalSenders),
  ])('%s', (_name, check) => check());

  it.each(Object.entries(any.proposals))('Proposal %s', (_name, values) => {
    comesBackAlways<Proposal>(Proposal, values);
  });

  it.each(Object.entries(any.senders))('Sender %s [R6-05]', (_name, values) => {
    comesBackAlways<Sender>(Sender, values);
  });

  it.each(Object.entries(any.contents))('FramedContent %s [R6-08]', (_name, values) => {
    comesBackAlways<FramedContent>(FramedContent, values);
  });

  it.each(Object.entries(any.messages))('MLSMessage %s', (_name, values) => {
    comesBackAlways<MLSMessage>(MLSMessage, values);
  });

  it('PrivateMessageContent, with any padding [R6.3.1-01, R6.3.1-02]', () => {
    const contents = fc.tuple(any.authenticatedContent, fc.nat({ max: 300 }));
    fc.assert(
      fc.property(contents, ([{ content, auth }, padding]) => {
        const { body } = content;
        const plain = encodePrivateContent({ body, auth }, (length) => length);
        const encoded = encodePrivateContent({ body, auth }, (length) => length + padding);
        expect(encoded).toEqual(Uint8Array.of(...plain, ...new Uint8Array(padding)));
        expect(decodePrivateContent(body.contentType, encoded)).toEqual({ body, auth });
      }),
      runs,
    );
  });
});

describe('a structure is refused', () => {
  it('when it ends anywhere too early [R2.1-03]', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(any.messages)), (value) => {
        const encoded = encode<MLSMessage>(MLSMessage, value);
        for (let length = 0; length < encoded.length; length++) {
          expect(() => decode(MLSMessage, encoded.subarray(0, length))).toThrow(CodecError);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('when an extension type occurs twice in one list [R13.4-04]', () => {
    const twice = [
      { extensionType: 0x0a0a, extensionData: Uint8Array.of(1) },
      { extensionType: 0x0a0a, extensionData: Uint8Array.of(2) },
    ];
    expect(() => encode(Extensions, twice)).toThrow(CodecError);
    const encoded = Uint8Array.of(8, 0x0a, 0x0a, 1, 1, 0x0a, 0x0a, 1, 2);
    expect(() => decode(Extensions, encoded)).toThrow(CodecError);
  });

  it.each([
    { id: 'R5.3-02', what: 'an unknown credential', codec: Credential, encoded: [0x0a, 0x0a, 0] },
    { id: 'R12.1-03', what: 'an unknown proposal', codec: Proposal, encoded: [0, 8, 0] },
    { id: 'R2.1-04', what: 'a reserved sender', codec: Sender, encoded: [0] },
    { id: 'R2.1-04', what: 'a sender beyond the last', codec: Sender, encoded: [5] },
    { id: 'R2.1-04', what: 'an unknown kind of PSK', codec: PreSharedKeyID, encoded: [3, 0, 0] },
    {
      id: 'R2.1-04',
      what: 'an unknown use of a PSK',
      codec: PreSharedKeyID,
      encoded: [2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    },
    { id: 'R2.1-04', what: 'neither proposal nor reference', codec: ProposalOrRef, encoded: [3, 0] },
    { id: 'R6-03', what: 'another version', codec: MLSMessage, encoded: [0, 2, 0, 3, 0, 1, 0, 0] },
    { id: 'R6-04', what: 'an unknown wire format', codec: MLSMessage, encoded: [0, 1, 0, 6, 0] },
    { id: 'R2.1.1-02', what: 'a presence octet of 2', codec: Commit, encoded: [0, 2] },
    { id: 'R2.1.2-08', what: 'half a leaf index', codec: ParentNode, encoded: [0, 0, 5, 0, 0, 0, 1, 0] },
  ])('when it has $what [$id]', ({ codec, encoded }) => {
    expect(() => decode<unknown>(codec, Uint8Array.from(encoded))).toThrow(CodecError);
  });
});
