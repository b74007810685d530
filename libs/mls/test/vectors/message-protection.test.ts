import { describe, expect, it } from '@jest/globals';

import { decode, encode } from '@canopy/codec';
import { describeVectors, type VectorValue } from '@canopy/vectors';

import { Commit } from '../../src/commits/commit.ts';
import { ContentType, SenderType, type ContentBody } from '../../src/framing/content.ts';
import { decodeMessage, encodeMessage, type MLSMessage } from '../../src/framing/message.ts';
import { protect, signContent, type SendingKeys } from '../../src/framing/protect.ts';
import { unprotectPrivate, unprotectPublic, type ReceivingKeys } from '../../src/framing/unprotect.ts';
import { Proposal } from '../../src/proposals/proposal.ts';
import { WireFormat, type ContentWireFormat } from '../../src/registries.ts';
import { SecretTree } from '../../src/secret-tree/secret-tree.ts';
import { LeafNodeSource, type LeafNode } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { hex, suiteOf, titled } from '../suites.ts';

const none = new Uint8Array();
const limits = { maximumForwardSteps: 100, maximumSkippedKeys: 100 };

/** Two leaves with the given key: framing looks at nothing else of a leaf. */
function treeWith(signatureKey: Uint8Array): RatchetTree {
  const leaf = (name: number): LeafNode => ({
    encryptionKey: Uint8Array.of(name),
    signatureKey,
    credential: { credentialType: 1, identity: none },
    capabilities: { versions: [], cipherSuites: [], extensions: [], proposals: [], credentials: [] },
    source: { leafNodeSource: LeafNodeSource.update },
    extensions: [],
    signature: none,
  });
  const editor = RatchetTree.ofOne(leaf(0)).edit();
  editor.addLeaf(leaf(1));
  return editor.finish();
}

function keysOf(one: VectorValue): SendingKeys & ReceivingKeys {
  const suite = suiteOf(one);
  return {
    suite,
    groupContext: {
      version: 1,
      cipherSuite: suite.id,
      groupId: one.get('group_id').bytes(),
      epoch: one.get('epoch').bigint(),
      treeHash: one.get('tree_hash').bytes(),
      confirmedTranscriptHash: one.get('confirmed_transcript_hash').bytes(),
      extensions: [],
    },
    tree: treeWith(one.get('signature_pub').bytes()),
    membershipKey: one.get('membership_key').bytes(),
    senderDataSecret: one.get('sender_data_secret').bytes(),
    secretTree: SecretTree.start(suite, one.get('encryption_secret').bytes(), 2),
    limits,
    ownLeafIndex: undefined,
    padding: { kind: 'none' },
  };
}

function open(keys: ReceivingKeys, message: MLSMessage): ContentBody {
  if (message.wireFormat === WireFormat.publicMessage) {
    return unprotectPublic(keys, message.publicMessage).verified.content.body;
  }
  if (message.wireFormat !== WireFormat.privateMessage) throw new Error('not a group message');
  const unprotected = unprotectPrivate(keys, message.privateMessage);
  unprotected.accept();
  return unprotected.verified.content.body;
}

function rawBody(body: ContentBody): Uint8Array {
  switch (body.contentType) {
    case ContentType.application:
      return body.applicationData;
    case ContentType.proposal:
      return encode(Proposal, body.proposal);
    case ContentType.commit:
      return encode(Commit, body.commit);
  }
}

function send(one: VectorValue, wireFormat: ContentWireFormat, body: ContentBody): MLSMessage {
  const keys = keysOf(one);
  const content = {
    groupId: keys.groupContext.groupId,
    epoch: keys.groupContext.epoch,
    sender: { senderType: SenderType.member, leafIndex: toLeafIndex(1) },
    authenticatedData: Uint8Array.of(1, 2, 3),
    body,
  };
  const signature = signContent(keys, wireFormat, content, one.get('signature_priv').bytes());
  const confirmationTag =
    body.contentType === ContentType.commit ? new Uint8Array(keys.suite.mac.size) : undefined;
  return protect(keys, { wireFormat, content, auth: { signature, confirmationTag } });
}

describeVectors('message-protection', { describe, it }, (cases) => {
  it.each(titled(cases))(
    '%s: opens what others made [R6.2-01] [R6.3.1-01] [R6.3.1-04] [R6.3.1-06]',
    (_title, one) => {
      for (const name of ['proposal_pub', 'proposal_priv', 'commit_pub', 'commit_priv', 'application_priv']) {
        const body = open(keysOf(one), decodeMessage(one.get(name).bytes()));
        expect(hex(rawBody(body))).toBe(one.get(name.replace(/_.*/, '')).text());
      }
    },
  );

  it.each(titled(cases))('%s: makes what it can open, in both wire formats [R6-02]', (_title, one) => {
    const proposal = decode(Proposal, one.get('proposal').bytes());
    const commit = decode(Commit, one.get('commit').bytes());
    const applicationData = one.get('application').bytes();
    const bodies: ContentBody[] = [
      { contentType: ContentType.proposal, proposal },
      { contentType: ContentType.commit, commit },
      { contentType: ContentType.application, applicationData },
    ];
    for (const body of bodies) {
      const formats: ContentWireFormat[] =
        body.contentType === ContentType.application
          ? [WireFormat.privateMessage]
          : [WireFormat.publicMessage, WireFormat.privateMessage];
      for (const wireFormat of formats) {
        const message = decodeMessage(encodeMessage(send(one, wireFormat, body)));
        expect(hex(rawBody(open(keysOf(one), message)))).toBe(hex(rawBody(body)));
      }
    }
  });

  it.each(titled(cases))('%s: refuses to make application data public [R6-01]', (_title, one) => {
    const applicationData = one.get('application').bytes();
    const body = { contentType: ContentType.application, applicationData };
    expect(() => send(one, WireFormat.publicMessage, body)).toThrow(/R6-01/);
  });
});
