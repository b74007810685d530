import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';
import {
  decryptWithLabel,
  encryptWithLabel,
  getCipherSuite,
  makeProposalRef,
  refHash,
  type HPKECiphertext,
} from '@canopy/crypto';

import { AuthenticatedContent } from '../../src/framing/authentication.ts';
import { ContentType } from '../../src/framing/content.ts';
import { MLSMessage } from '../../src/framing/message.ts';
import { KeyPackage, keyPackageRef } from '../../src/key-packages/key-package.ts';
import { Proposal } from '../../src/proposals/proposal.ts';
import { WireFormat } from '../../src/registries.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { toNodeIndex } from '../../src/tree/math.ts';
import { forge, forgeCommit, pathIn, publicOf } from '../forge.ts';
import {
  commitBy,
  expectAgreement,
  join,
  keyPackageOf,
  party,
  receive,
  removeOf,
  suite1,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { asMessage, invite } from '../refusal/forge-welcome.ts';

const KEY_PACKAGE = 'MLS 1.0 KeyPackage Reference';

describe('a KeyPackage is referred to', () => {
  it('by the hash of the KeyPackage alone, which is what a Welcome names [R5.2-02]', async () => {
    const { joiner, welcome } = await invite();
    const { keyPackage } = joiner.keyPackage;
    const named = welcome.secrets.map(({ newMember }) => newMember);
    expect(named).toEqual([refHash(suite1, KEY_PACKAGE, encode(KeyPackage, keyPackage))]);
    const message = encode<MLSMessage>(MLSMessage, { wireFormat: WireFormat.keyPackage, keyPackage });
    expect(named).not.toEqual([refHash(suite1, KEY_PACKAGE, message)]);
  });

  it.each([2, 4, 7])('with the hash of its own suite %i [R5.2-02, R5.2-04]', (id) => {
    const suite = getCipherSuite(id);
    const { keyPackage } = keyPackageOf(party('alice', { suite }));
    const reference = keyPackageRef(suite, keyPackage);
    expect(reference).toEqual(refHash(suite, KEY_PACKAGE, encode(KeyPackage, keyPackage)));
    expect(reference).toHaveLength(suite.hash.size);
  });
});

describe('a proposal is referred to', () => {
  const framed = { contentType: ContentType.proposal } as const;

  it('by what brought it: wire format, content and signature [R5.2-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    const message = forge(alice, { ...framed, proposal: removeOf(carol) });
    const { content, auth } = publicOf(message);
    await receive(bob, message);
    const known = bob.group.state.proposals.map(({ reference }) => reference);
    const referenceIn = (wireFormat: AuthenticatedContent['wireFormat']): Uint8Array =>
      makeProposalRef(suite1, encode(AuthenticatedContent, { wireFormat, content, auth }));
    expect(known).toEqual([referenceIn(WireFormat.publicMessage)]);
    expect(known).not.toEqual([referenceIn(WireFormat.privateMessage)]);
  });

  it('by no other hash: a commit that does so is refused [R5.2-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    const proposal = removeOf(carol);
    const message = forge(alice, { ...framed, proposal });
    const { content, auth } = publicOf(message);
    for (const peer of [alice, bob]) if (peer !== alice) await receive(peer, message);
    const unsigned = { signature: new Uint8Array(0), confirmationTag: undefined };
    const wrong = [
      encode<Proposal>(Proposal, proposal),
      encode(AuthenticatedContent, { wireFormat: WireFormat.privateMessage, content, auth }),
      encode(AuthenticatedContent, { wireFormat: WireFormat.publicMessage, content, auth: unsigned }),
    ];
    for (const bytes of wrong) {
      const reference = makeProposalRef(suite1, bytes);
      const commit = await forgeCommit(alice, (made) => ({ ...made, proposals: [{ type: 2, reference }] }), {
        forcePath: true,
      });
      await expectRefused(bob, commit, 'UNKNOWN_PROPOSAL_REFERENCE', 'R12.4-04');
    }
    const left = await commitBy(bob, [bob, alice], { includeReceived: false });
    expectAgreement(left);
  });
});

/** What a path is encrypted in: the context of the new epoch before the commit is hashed into it. */
function provisional(before: GroupContext, after: GroupContext): Uint8Array {
  return encode(GroupContext, { ...after, confirmedTranscriptHash: before.confirmedTranscriptHash });
}

/** Alice's commit with a path, the key that Bob opens it with, and the contexts that it could be encrypted in. */
async function commitWithPath(
  alice: Peer,
  bob: Peer,
): Promise<{
  readonly open: (context: Uint8Array, label?: string) => Uint8Array;
  readonly contexts: {
    readonly before: Uint8Array;
    readonly between: Uint8Array;
    readonly after: Uint8Array;
  };
}> {
  const { message, staged } = await alice.group.commit({
    forcePath: true,
    wireFormat: WireFormat.publicMessage,
  });
  const [ciphertext] = pathIn(message).nodes[0]?.encryptedPathSecret ?? [];
  const key = bob.group.state.keys.get(toNodeIndex(2));
  if (ciphertext === undefined || key === undefined) throw new Error('a ciphertext for Bob expected');
  const [old, fresh] = [alice.group.state.groupContext, staged.state.groupContext];
  alice.group.drop(staged);
  return {
    open: (context, label = 'UpdatePathNode') =>
      decryptWithLabel(suite1, key, { label, context, ciphertext }),
    contexts: {
      before: encode(GroupContext, old),
      between: provisional(old, fresh),
      after: encode(GroupContext, fresh),
    },
  };
}

const failed = expect.objectContaining({ code: 'DECRYPTION_FAILED' });

describe('what is encrypted to a public key', () => {
  it('opens in the context of the provisional GroupContext, for a path [R5.1.3-02]', async () => {
    const [alice, bob] = await acquainted();
    const { open, contexts } = await commitWithPath(alice, bob);
    expect(open(contexts.between)).toHaveLength(32);
    expect(() => open(contexts.before)).toThrow(failed);
    expect(() => open(contexts.after)).toThrow(failed);
    expect(() => open(contexts.between, 'Welcome')).toThrow(failed);
  });

  it('is refused in another context, for a path [R5.1.3-02, R12.4.2-11]', async () => {
    const [alice, bob, carol] = await acquainted();
    const reseal = (context: (old: GroupContext) => Uint8Array, label: string): Promise<MLSMessage> => {
      const { groupContext, tree } = alice.group.state;
      const bobsKey = tree.findLeaf(1)?.encryptionKey;
      if (bobsKey === undefined) throw new Error('a key expected');
      const plaintext = suite1.random(32);
      const sealed = (): HPKECiphertext =>
        encryptWithLabel(suite1, bobsKey, { label, context: context(groupContext), plaintext });
      return forgeCommit(
        alice,
        (commit) => ({
          ...commit,
          path: commit.path && {
            ...commit.path,
            nodes: commit.path.nodes.map((node, at) =>
              at === 0 ? { ...node, encryptedPathSecret: [sealed()] } : node,
            ),
          },
        }),
        { forcePath: true },
      );
    };
    const old = await reseal((context) => encode(GroupContext, context), 'UpdatePathNode');
    await expectRefused(bob, old, 'INVALID_PATH', 'R12.4.2-11');
    const empty = await reseal(() => new Uint8Array(0), 'Welcome');
    await expectRefused(bob, empty, 'INVALID_PATH', 'R12.4.2-11');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('opens in the context of the encrypted GroupInfo only, for a Welcome [R5.1.3-02, R12.4.3.1-04]', async () => {
    const invited = await invite();
    const { joiner, welcome, committer } = invited;
    const { initPrivateKey, keyPackage } = joiner.keyPackage;
    const [entry] = welcome.secrets;
    if (entry === undefined) throw new Error('an entry expected');
    const opened = { label: 'Welcome', context: welcome.encryptedGroupInfo };
    const ciphertext = entry.encryptedGroupSecrets;
    const plaintext = decryptWithLabel(suite1, initPrivateKey, { ...opened, ciphertext });
    const sealedIn = (context: Uint8Array, label: string): MLSMessage => {
      const sealed = encryptWithLabel(suite1, keyPackage.initKey, { label, context, plaintext });
      return asMessage({ ...welcome, secrets: [{ ...entry, encryptedGroupSecrets: sealed }] });
    };
    const { groupContext } = committer.group.state;
    for (const [context, label] of [
      [new Uint8Array(0), 'Welcome'],
      [encode(GroupContext, groupContext), 'Welcome'],
      [welcome.encryptedGroupInfo, 'UpdatePathNode'],
    ] as const) {
      await expect(join(joiner, sealedIn(context, label))).rejects.toMatchObject({
        code: 'INVALID_WELCOME',
        requirement: 'R12.4.3.1-04',
      });
    }
    const peer = await join(joiner, sealedIn(welcome.encryptedGroupInfo, 'Welcome'));
    expectAgreement([committer, peer]);
  });
});
