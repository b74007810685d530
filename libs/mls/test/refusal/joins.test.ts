import { beforeAll, describe, expect, it } from '@jest/globals';

import { signGroupInfo, type GroupInfo, type GroupInfoTBS } from '../../src/commits/group-info.ts';
import { createExtension } from '../../src/extensions/extension.ts';
import { ExternalSenders } from '../../src/extensions/external-senders.ts';
import type { RatchetTreeNodes } from '../../src/extensions/ratchet-tree.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { ExtensionType } from '../../src/registries.ts';
import type { PreSharedKeyID } from '../../src/schedule/psk.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { enter, invitation } from '../outsider.ts';
import {
  addOf,
  commitBy,
  empty,
  expectAgreement,
  found,
  hear,
  join,
  joiner,
  keyPackageOf,
  NOW,
  openDoors,
  party,
  refusal,
  refusing,
  say,
  suite1,
  trio,
} from '../parties.ts';
import { asMessage, forgeWelcome, invite, withNodes, type Invited } from './forge-welcome.ts';

type Node = NonNullable<RatchetTreeNodes[number]>;

/** Changes one node of a list; a blank one stays blank. */
const at =
  (index: number, change: (node: Node) => Node | undefined) =>
  (nodes: RatchetTreeNodes): RatchetTreeNodes =>
    nodes.map((node, position) => (position === index && node !== undefined ? change(node) : node));

const parent =
  (
    change: (
      node: Extract<Node, { nodeType: 2 }>['parentNode'],
    ) => Partial<Extract<Node, { nodeType: 2 }>['parentNode']>,
  ) =>
  (node: Node): Node =>
    node.nodeType === 2 ? { ...node, parentNode: { ...node.parentNode, ...change(node.parentNode) } } : node;

const leaf =
  (change: Partial<Extract<Node, { nodeType: 1 }>['leafNode']>) =>
  (node: Node): Node =>
    node.nodeType === 1 ? { ...node, leafNode: { ...node.leafNode, ...change } } : node;

const ROOT = 3;
const freshKey = (): Uint8Array => suite1.hpke.generateKeyPair().publicKey;
const keyOf = (node: Node | undefined): Uint8Array =>
  node === undefined ? empty : (node.nodeType === 1 ? node.leafNode : node.parentNode).encryptionKey;

const special = (usage: 2 | 3): PreSharedKeyID => ({
  pskType: 2,
  usage,
  pskGroupId: empty,
  pskEpoch: 1n,
  pskNonce: new Uint8Array(32),
});

describe('a Welcome is refused, and the KeyPackage still good for the true one [R12.4.3.1-23]', () => {
  let invited: Invited;
  beforeAll(async () => {
    invited = await invite();
  });

  const refuses = async (message: MLSMessage, code: string): Promise<void> => {
    await expect(join(invited.joiner, message)).rejects.toEqual(refusal(code));
    const peer = await join(invited.joiner, asMessage(invited.welcome));
    expectAgreement([invited.committer, peer]);
    expect(await hear(peer, say(invited.committer, 'welcome'))).toBe('welcome');
  };
  const forged = (groupInfo: (info: GroupInfoTBS) => GroupInfoTBS): MLSMessage =>
    forgeWelcome(invited, { groupInfo });

  const withContext = (change: Partial<GroupInfoTBS['groupContext']>): MLSMessage =>
    forged((info) => ({ ...info, groupContext: { ...info.groupContext, ...change } }));

  it('that is forged in nothing is accepted: the forge works', async () => {
    const peer = await join(invited.joiner, forgeWelcome(invited, {}));
    expectAgreement([invited.committer, peer]);
  });

  it('that is for another KeyPackage, also of the same client [R12.4.3.1-02]', async () => {
    const { party: dave } = invited.joiner;
    const other = { party: dave, keyPackage: keyPackageOf(dave) };
    await expect(join(other, asMessage(invited.welcome))).rejects.toEqual(refusal('NO_MATCHING_KEY_PACKAGE'));
  });

  it('of another cipher suite [R12.4.3.1-03]', () =>
    refuses(asMessage({ ...invited.welcome, cipherSuite: 3 }), 'WRONG_CIPHER_SUITE'));

  it('with the GroupInfo of another group [R12.4.3.1-04]', async () => {
    const { encryptedGroupInfo } = (await invite()).welcome;
    await refuses(asMessage({ ...invited.welcome, encryptedGroupInfo }), 'INVALID_WELCOME');
  });

  it('whose GroupInfo names another suite or version [R12.4.3.1-08]', async () => {
    await refuses(withContext({ cipherSuite: 3 }), 'WRONG_CIPHER_SUITE');
    await refuses(withContext({ version: 2 }), 'UNSUPPORTED_VERSION');
  });

  it('whose GroupInfo is signed by somebody else, or by nobody of the group [R12.4.3-06]', async () => {
    const { privateKey: signaturePrivateKey } = suite1.signature.generateKeyPair();
    await refuses(forgeWelcome(invited, { signaturePrivateKey }), 'INVALID_SIGNATURE');
    await refuses(
      forged((info) => ({ ...info, signer: toLeafIndex(1) })),
      'INVALID_SIGNATURE',
    );
    for (const signer of [4, 0xffff_ffff]) {
      await refuses(
        forged((info) => ({ ...info, signer: toLeafIndex(signer) })),
        'INVALID_GROUP_INFO',
      );
    }
  });

  it('whose tree is not that of the group context [R12.4.3.1-09, R12.4.3.3-08]', () =>
    refuses(
      forged((info) =>
        withNodes(
          info,
          at(
            ROOT,
            parent(() => ({ encryptionKey: freshKey() })),
          ),
          'unchanged',
        ),
      ),
      'TREE_HASH_MISMATCH',
    ));

  it('whose tree has a key that no commit put there [R12.4.3.1-10, R7.9.2-03]', () =>
    refuses(
      forged((info) =>
        withNodes(
          info,
          at(
            ROOT,
            parent(() => ({ encryptionKey: freshKey() })),
          ),
        ),
      ),
      'PARENT_HASH_MISMATCH',
    ));

  it('whose tree has a parent over leaves of KeyPackages only [R7.9.2-02]', () =>
    refuses(
      forged((info) =>
        withNodes(info, (nodes) =>
          nodes.with(5, {
            nodeType: 2,
            parentNode: { encryptionKey: freshKey(), parentHash: empty, unmergedLeaves: [] },
          }),
        ),
      ),
      'PARENT_HASH_MISMATCH',
    ));

  it('whose tree has one key in two nodes [R12.4.3.1-14]', () =>
    refuses(
      forged((info) =>
        withNodes(info, (nodes) =>
          at(
            ROOT,
            parent(() => ({ encryptionKey: keyOf(nodes[2]) })),
          )(nodes),
        ),
      ),
      'DUPLICATE_KEY',
    ));

  it.each([
    { what: 'not sorted', id: 'R7.1-01', leaves: [3, 1] },
    { what: 'listed twice', id: 'R7.1-01', leaves: [3, 3] },
    { what: 'outside of the tree', id: 'R12.4.3.1-12', leaves: [9] },
    { what: 'at the end of the range', id: 'R12.4.3.1-12', leaves: [0xffff_ffff] },
    { what: 'not listed in the node between', id: 'R12.4.3.1-13', leaves: [1] },
  ])('whose tree has unmerged leaves that are $what [$id]', async ({ leaves, id }) => {
    const unmergedLeaves = leaves.map(toLeafIndex);
    const message = forged((info) =>
      withNodes(
        info,
        at(
          ROOT,
          parent(() => ({ unmergedLeaves })),
        ),
      ),
    );
    await expect(join(invited.joiner, message)).rejects.toMatchObject({
      code: 'INVALID_UNMERGED_LEAVES',
      requirement: id,
    });
  });

  it('whose tree is no tree [R12.4.3.3-02, R12.4.3.3-04]', async () => {
    const wrong = [
      (nodes: RatchetTreeNodes) => [...nodes, undefined],
      () => [],
      (nodes: RatchetTreeNodes) => nodes.with(1, nodes[0]),
    ];
    for (const change of wrong) {
      await refuses(
        forged((info) => withNodes(info, change, 'unchanged')),
        'INVALID_RATCHET_TREE',
      );
    }
  });

  it('whose path secret is another one, or missing its node [R12.4.3.1-17, R12.4.1-09]', async () => {
    const pathSecret = suite1.random(32);
    const message = forgeWelcome(invited, {
      secrets: (secrets) => ({ ...secrets, pathSecret: { pathSecret } }),
    });
    await refuses(message, 'INVALID_PATH');
  });

  it('whose tag does not confirm the epoch [R12.4.3.1-19]', () =>
    refuses(
      forged((info) => ({ ...info, confirmationTag: suite1.random(32) })),
      'INVALID_CONFIRMATION_TAG',
    ));

  it('whose context is not the one that the secrets belong to [R12.4.3.1-19]', () =>
    refuses(
      forged((info) => ({ ...info, groupContext: { ...info.groupContext, epoch: 77n } })),
      'INVALID_CONFIRMATION_TAG',
    ));

  it('that needs a PSK which is not there, or two special ones [R12.4.3.1-05, R12.4.3.1-06]', async () => {
    const psk = { pskType: 1, pskId: empty, pskNonce: new Uint8Array(32) } as const;
    const needing = forgeWelcome(invited, { secrets: (secrets) => ({ ...secrets, psks: [psk] }) });
    await refuses(needing, 'PSK_NOT_AVAILABLE');
    const two = forgeWelcome(invited, {
      secrets: (secrets) => ({ ...secrets, psks: [special(2), special(3)] }),
    });
    await refuses(two, 'INVALID_WELCOME');
  });

  it('to a group with a member that is not believed [R12.4.3.1-11, R7.3-02]', async () => {
    const options = { ...openDoors, identities: refusing('bob') };
    const wary = { ...invited.joiner, party: { ...invited.joiner.party, options } };
    await expect(join(wary, asMessage(invited.welcome))).rejects.toEqual(refusal('INVALID_CREDENTIAL'));
  });

  it('to a group with an external sender that is not believed [R5.3.1-06]', async () => {
    const server = party('server').identity;
    const { publicKey: signatureKey } = server.signatureKeyPair;
    const extension = createExtension(ExtensionType.externalSenders, ExternalSenders, [
      { signatureKey, credential: server.credential },
    ]);
    const options = { ...openDoors, identities: refusing('server') };
    const wary = { ...invited.joiner, party: { ...invited.joiner.party, options } };
    const message = forged((info) => ({
      ...info,
      groupContext: { ...info.groupContext, extensions: [extension] },
    }));
    await expect(join(wary, message)).rejects.toEqual(refusal('INVALID_CREDENTIAL'));
  });

  it('to a group with an extension that a member does not support [R12.4.3-04, R13.4-06]', () =>
    refuses(
      forged((info) => ({
        ...info,
        groupContext: { ...info.groupContext, extensions: [{ extensionType: 0xf009, extensionData: empty }] },
      })),
      'UNSUPPORTED_EXTENSION',
    ));

  it('when the time of a leaf is over [R7.3-09]', async () => {
    const late = { ...openDoors, now: () => NOW + 10_000n };
    const sleeper = { ...invited.joiner, party: { ...invited.joiner.party, options: late } };
    await expect(join(sleeper, asMessage(invited.welcome))).rejects.toEqual(refusal('LEAF_NODE_EXPIRED'));
  });
});

describe('a Welcome of a commit without a path is refused', () => {
  it("when the joiner's leaf is missing, replaced, or changed [R12.4.3.1-15, R12.4.3.1-11, R7.3-15]", async () => {
    const invited = await invite(false);
    const other = keyPackageOf(party('erin')).keyPackage.leafNode;
    const forgeNode = (change: (node: Node) => Node): MLSMessage =>
      forgeWelcome(invited, { groupInfo: (info) => withNodes(info, at(6, change)) });
    const replaced = forgeNode(() => ({ nodeType: 1, leafNode: other }));
    await expect(join(invited.joiner, replaced)).rejects.toEqual(refusal('INVALID_WELCOME'));
    const changed = forgeNode(leaf({ signature: suite1.random(64) }));
    await expect(join(invited.joiner, changed)).rejects.toEqual(refusal('INVALID_SIGNATURE'));
    const twice = forgeWelcome(invited, {
      groupInfo: (info) => withNodes(info, (nodes) => nodes.with(6, nodes[2])),
    });
    await expect(join(invited.joiner, twice)).rejects.toEqual(refusal('DUPLICATE_KEY'));
    const peer = await join(invited.joiner, asMessage(invited.welcome));
    expectAgreement([invited.committer, peer]);
  });

  it('when it brings a path secret that no node has a key for [R12.4.3.1-18]', async () => {
    const alice = await found(party('alice'));
    await commitBy(alice, [alice], {}, [joiner(party('bob')), joiner(party('carol'))]);
    const invited = await invite(false, alice);
    const pathSecret = { pathSecret: suite1.random(32) };
    const message = forgeWelcome(invited, { secrets: (secrets) => ({ ...secrets, pathSecret }) });
    await expect(join(invited.joiner, message)).rejects.toEqual(refusal('INVALID_WELCOME'));
    expectAgreement([invited.committer, await join(invited.joiner, asMessage(invited.welcome))]);
  });
});

describe('a GroupInfo for an external Commit is refused', () => {
  it('when its tree or its signer is not true [R12.4.3.2-02]', async () => {
    const [alice] = await trio();
    const good = invitation(alice);
    const { groupContext, extensions, confirmationTag, signer } = good;
    const info = { groupContext, extensions, confirmationTag, signer };
    const sign = (changed: GroupInfoTBS): GroupInfo =>
      signGroupInfo(suite1, changed, alice.group.state.signaturePrivateKey);
    const forgedRoot = at(
      ROOT,
      parent(() => ({ encryptionKey: freshKey() })),
    );
    const cases = [
      [sign(withNodes(info, forgedRoot, 'unchanged')), 'TREE_HASH_MISMATCH'],
      [sign(withNodes(info, forgedRoot)), 'PARENT_HASH_MISMATCH'],
      [sign({ ...info, signer: toLeafIndex(2) }), 'INVALID_SIGNATURE'],
      [{ ...good, confirmationTag: suite1.random(32), signature: suite1.random(64) }, 'INVALID_SIGNATURE'],
    ] as const;
    for (const [groupInfo, code] of cases) {
      await expect(enter(party('dave'), alice, { groupInfo })).rejects.toEqual(refusal(code));
    }
  });
});

describe('a client is added with the KeyPackage that it made', () => {
  it('and with no other: the Welcome names it [R12.4.3.1-02]', async () => {
    const dave = joiner(party('dave'));
    const [alice] = await trio();
    const { welcome } = await alice.group.commit({ proposals: [addOf(dave)] });
    if (welcome === undefined) throw new Error('a Welcome expected');
    const thief = { party: party('thief'), keyPackage: keyPackageOf(party('thief')) };
    await expect(join(thief, asMessage(welcome))).rejects.toEqual(refusal('NO_MATCHING_KEY_PACKAGE'));
    const halfThief = {
      ...thief,
      keyPackage: { ...thief.keyPackage, keyPackage: dave.keyPackage.keyPackage },
    };
    await expect(join(halfThief, asMessage(welcome))).rejects.toEqual(refusal('INVALID_WELCOME'));
  });
});
