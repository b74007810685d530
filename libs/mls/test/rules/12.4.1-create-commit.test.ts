import { describe, expect, it } from '@jest/globals';

import { verifyGroupInfo } from '../../src/commits/group-info.ts';
import { sliceWelcome } from '../../src/commits/welcome.ts';
import { framedContentTbs, verifyFramedContent } from '../../src/framing/authentication.ts';
import { authenticatedContentTbm, computeMembershipTag } from '../../src/framing/public-message.ts';
import { keyPackageRef } from '../../src/key-packages/key-package.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { isGrease, ProposalType, WireFormat } from '../../src/registries.ts';
import type { PreSharedKeyID } from '../../src/schedule/psk.ts';
import { commonAncestor, toLeafIndex } from '../../src/tree/math.ts';
import { nodeKeyPair } from '../../src/tree/path-secrets.ts';
import { forge, publicOf } from '../forge.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  found,
  groupOf,
  join,
  joiner,
  party,
  suite1,
  trio,
  type Joiner,
  reversedPsks,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { asMessage, forgeWelcome, inviteTo, openInvitation } from '../refusal/forge-welcome.ts';
import { hex } from '../suites.ts';

const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const knowing = { options: { psks: reversedPsks } };
const idOf = (name: string): PreSharedKeyID => ({
  pskType: 1,
  pskId: bytes(name),
  pskNonce: suite1.random(32),
});
const pskOf = (psk: PreSharedKeyID): Proposal => ({ proposalType: ProposalType.psk, psk });
const refOf = ({ keyPackage }: Joiner): Uint8Array => keyPackageRef(suite1, keyPackage.keyPackage);

describe('a committer', () => {
  it('signs and tags in the epoch that it leaves, and confirms the one that it enters [R12.4.1-01]', async () => {
    const members = await trio();
    const [alice, bob, carol] = members;
    const old = alice.group.state;
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const { content, auth, membershipTag } = publicOf(message);
    expect(content.epoch).toBe(old.groupContext.epoch);
    const publicKey = alice.party.identity.signatureKeyPair.publicKey;
    const isSignedIn = (context: typeof old.groupContext): boolean => {
      const tbs = framedContentTbs(WireFormat.publicMessage, content, context);
      return verifyFramedContent(suite1, { tbs, publicKey, signature: auth.signature });
    };
    expect(isSignedIn(old.groupContext)).toBe(true);
    expect(isSignedIn(staged.state.groupContext)).toBe(false);
    const tbs = framedContentTbs(WireFormat.publicMessage, content, old.groupContext);
    const tbm = authenticatedContentTbm(tbs, { content, auth });
    expect(membershipTag).toEqual(computeMembershipTag(suite1, old.secrets.membershipKey, tbm));
    const { confirmedTranscriptHash } = staged.state.groupContext;
    const { confirmationKey } = staged.state.secrets;
    expect(auth.confirmationTag).toEqual(suite1.mac.compute(confirmationKey, confirmedTranscriptHash));
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement(members);
  });

  it('that is alone takes a fresh secret each time, and can then let somebody in [R12.4.1-05]', async () => {
    const alice = await found(party('alice'));
    const outcomes = [await alice.group.commit(), await alice.group.commit()];
    const secrets = outcomes.map(({ staged }) => hex(staged.state.secrets.epochAuthenticator));
    expect(secrets[0]).not.toBe(secrets[1]);
    for (const { staged } of outcomes) alice.group.drop(staged);
    await commitBy(alice, [alice]);
    for (const forcePath of [false, true]) {
      const two = await commitBy(alice, [alice], { forcePath }, [joiner(party('bob'))]);
      expectAgreement(two);
      await expectConversation(two);
      await commitBy(alice, two, {
        proposals: [{ proposalType: ProposalType.remove, removed: toLeafIndex(1) }],
      });
    }
  });

  it('that changes its signature key signs the commit with the old one [R12.4.1-06]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { identity } = party('alice');
    const { message, staged } = await alice.group.commit({ identity, wireFormat: WireFormat.publicMessage });
    const { content, auth } = publicOf(message);
    const { privateKey: signaturePrivateKey } = identity.signatureKeyPair;
    for (const { wireFormat } of [framing, { wireFormat: WireFormat.privateMessage }]) {
      const forged = forge(alice, content.body, {
        wireFormat,
        signaturePrivateKey,
        ...(auth.confirmationTag && { confirmationTag: auth.confirmationTag }),
      });
      await expectRefused(bob, forged, 'INVALID_SIGNATURE');
    }
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('that changes its signature key signs the GroupInfo with the new one [R12.4.1-06, R12.4.1-07]', async () => {
    const [alice] = await trio();
    const old = alice.group.state.signaturePrivateKey;
    const { identity } = party('alice');
    const invited = await inviteTo(alice, joiner(party('dave')), { identity });
    const { groupInfo } = openInvitation(invited);
    expect(verifyGroupInfo(suite1, groupInfo, identity.signatureKeyPair.publicKey)).toBe(true);
    const byOldKey = forgeWelcome(invited, { signaturePrivateKey: old });
    await expect(join(invited.joiner, byOldKey)).rejects.toMatchObject({
      code: 'INVALID_SIGNATURE',
      requirement: 'R12.4.3-06',
    });
    expectAgreement([alice, await join(invited.joiner, asMessage(invited.welcome))]);
  });
});

describe('the GroupInfo inside of a Welcome', () => {
  it.each([true, false])(
    'states the new epoch, its tag and the committer, with a path: %s [R12.4.1-07]',
    async (forcePath) => {
      const [alice, bob, carol] = await trio();
      const dave = joiner(party('dave'));
      const { message, welcome, staged } = await bob.group.commit({
        proposals: [addOf(dave)],
        forcePath,
        wireFormat: WireFormat.publicMessage,
      });
      bob.group.keep(staged);
      for (const peer of [alice, carol]) await follow(peer, message);
      if (welcome === undefined) throw new Error('a Welcome expected');
      const { groupInfo } = openInvitation({ committer: bob, joiner: dave, welcome });
      expect(groupInfo.groupContext).toEqual(alice.group.state.groupContext);
      expect(groupInfo.confirmationTag).toEqual(publicOf(message).auth.confirmationTag);
      expect(groupInfo.signer).toBe(1);
      const bobsKey = alice.group.state.tree.findLeaf(1)?.signatureKey ?? empty;
      expect(verifyGroupInfo(suite1, groupInfo, bobsKey)).toBe(true);
      expect(groupInfo.extensions.some(({ extensionType }) => isGrease(extensionType))).toBe(true);
    },
  );
});

describe('the secrets inside of a Welcome', () => {
  it.each([
    { committer: 0, names: ['alice', 'bob', 'carol', 'dave', 'erin'] },
    { committer: 3, names: ['alice', 'bob', 'carol', 'dave', 'erin'] },
    { committer: 4, names: ['alice', 'bob', 'carol', 'dave', 'erin'] },
    { committer: 0, names: ['alice'] },
  ])(
    'hold the path secret of the node that the joiner shares with committer $committer of $names.length [R12.4.1-08, R12.4.1-09]',
    async ({ committer: at, names }) => {
      const members = await groupOf(names);
      const committer = members[at];
      if (committer === undefined) throw new Error('a committer expected');
      const newcomers = ['x', 'y'].map((name) => joiner(party(name)));
      const [first, second] = newcomers;
      if (first === undefined || second === undefined) throw new Error('two expected');
      const invited = await inviteTo(committer, first, { proposals: [addOf(second)], forcePath: true });
      const { tree } = committer.group.state;
      for (const newcomer of newcomers) {
        const leaf = newcomer.keyPackage.keyPackage.leafNode;
        const own = Array.from(tree.members()).find(({ leafNode }) =>
          Buffer.from(leafNode.encryptionKey).equals(leaf.encryptionKey),
        );
        if (own === undefined) throw new Error('a leaf expected');
        const { secrets } = openInvitation({ ...invited, joiner: newcomer });
        const shared = tree.slot(commonAncestor(toLeafIndex(at), own.leafIndex)).node;
        const pathSecret = secrets.pathSecret?.pathSecret ?? empty;
        expect(nodeKeyPair(suite1, pathSecret).publicKey).toEqual(shared?.encryptionKey);
        expect(secrets.joinerSecret).toHaveLength(32);
      }
    },
  );

  it('hold no path secret when the commit has no path [R12.4.1-09]', async () => {
    const [alice] = await trio();
    const invited = await inviteTo(alice, joiner(party('dave')));
    expect(openInvitation(invited).secrets.pathSecret).toBeUndefined();
  });

  it('name the pre-shared keys in the order of the commit, by reference and by value [R12.4.1-10]', async () => {
    const [alice, bob, carol] = await trio(knowing);
    const ids = ['1', '2', '3', '4'].map(idOf);
    const [one, two, three, four] = ids;
    if (!one || !two || !three || !four) throw new Error('four expected');
    for (const id of [one, two]) await announce(await bob.group.propose(pskOf(id), framing), alice, carol);
    const dave = joiner(party('dave', knowing));
    const invited = await inviteTo(alice, dave, { proposals: [pskOf(four), pskOf(three)] });
    const { secrets } = openInvitation(invited);
    expect(secrets.psks).toEqual([one, two, four, three]);
    expectAgreement([alice, await join(dave, asMessage(invited.welcome))]);
  });
});

describe('a Welcome', () => {
  const names = ['dave', 'erin', 'frank', 'grace', 'heidi'];

  it('is for everybody whom the commit adds, by value or by reference, and for nobody else [R12.4.1-11, R12.4.1-12]', async () => {
    const [alice, bob, carol] = await trio();
    const newcomers = names.map((name) => joiner(party(name)));
    const [dave, erin, ...others] = newcomers;
    if (dave === undefined || erin === undefined) throw new Error('five expected');
    await announce(await bob.group.propose(addOf(dave), framing), alice, carol);
    await announce(await carol.group.propose(addOf(erin), framing), alice, bob);
    const { message, welcome, staged } = await alice.group.commit({ proposals: others.map(addOf) });
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    const invited = welcome?.secrets.map(({ newMember }) => hex(newMember)) ?? [];
    expect(new Set(invited)).toEqual(new Set(newcomers.map((who) => hex(refOf(who)))));
    expect(invited).toHaveLength(newcomers.length);
  });

  it('can be cut into one for each, or into batches, which cover everybody together [R12.4.1-11]', async () => {
    const alice = await found(party('alice'));
    const newcomers = names.map((name) => joiner(party(name)));
    const { welcome, staged } = await alice.group.commit({
      proposals: newcomers.map(addOf),
      forcePath: true,
    });
    alice.group.keep(staged);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const members = [alice];
    for (const who of newcomers.slice(0, 3)) {
      const slice = sliceWelcome(welcome, refOf(who));
      expect(slice?.secrets.map(({ newMember }) => hex(newMember))).toEqual([hex(refOf(who))]);
      members.push(await join(who, asMessage(slice ?? welcome)));
    }
    const batch = { ...welcome, secrets: welcome.secrets.slice(3) };
    for (const who of newcomers.slice(3)) members.push(await join(who, asMessage(batch)));
    expectAgreement(members);
    expect(members).toHaveLength(6);
    const stranger = joiner(party('stranger'));
    expect(sliceWelcome(welcome, refOf(stranger))).toBeUndefined();
    await expectConversation(members);
  });

  it('is not made by a commit that adds nobody [R12.4.1-11]', async () => {
    const [alice] = await trio();
    expect((await alice.group.commit()).welcome).toBeUndefined();
  });
});
