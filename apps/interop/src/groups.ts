/**
 * Entering groups and looking at them.
 *
 * @module
 */

import type { mlsClient } from '@canopy/contract';
import {
  encodeMessage,
  Group,
  type GroupInfoRequest,
  type LeafIndex,
  type PreSharedKeyID,
  type RatchetTree,
} from '@canopy/mls';
import type { Cast, Member, Transaction } from './actors.ts';
import { CallRefusal } from './call-refusal.ts';
import type { CallsNamed } from './calls.ts';
import { createIdentity, createTransaction, currentLifetime, optionsOf, suiteOf } from './clients.ts';
import { externalPsk, leafOfIdentity } from './proposals.ts';
import { PskTable } from './psk-table.ts';
import {
  readGroupInfo,
  readTree,
  readWelcome,
  treeOf,
  writeGroupInfo,
  writeKeyPackage,
  writeTree,
} from './wire.ts';

const NOTHING = new Uint8Array(0);

/** What a GroupInfo is to carry, with the tree beside it or inside. */
export function infoRequest({ grease }: Cast, externalTree: boolean, externalPub: boolean): GroupInfoRequest {
  return { ratchetTree: !externalTree, externalPub, grease };
}

/** Makes a member of a group that was just entered. */
export function memberOf(
  { suite, identity, psks }: Pick<Transaction, 'suite' | 'identity' | 'psks'>,
  group: Group,
  encryptHandshake: boolean,
): Member {
  return { suite, identity, psks, encryptHandshake, group, pending: undefined, proposals: new Map() };
}

/** Lets a client enter by a Welcome, into a group of its own or one that comes from an old one. */
export async function joinByWelcome(
  transaction: Transaction,
  bytes: { readonly welcome: Uint8Array; readonly ratchetTree: Uint8Array },
  how: { readonly encryptHandshake: boolean; readonly oldGroup?: Group },
): Promise<Member> {
  const { suite, keyPackage, psks } = transaction;
  const input = {
    suite,
    welcome: readWelcome(bytes.welcome),
    keyPackage,
    ratchetTree: readTree(bytes.ratchetTree),
    oldGroup: how.oldGroup?.state,
  };
  return memberOf(transaction, await Group.join(input, optionsOf(psks)), how.encryptHandshake);
}

/** The calls about groups. */
export function groupCalls(
  cast: Cast,
): CallsNamed<'createGroup' | 'createKeyPackage' | 'joinGroup' | 'externalJoin'> {
  return {
    async createGroup(request) {
      const suite = suiteOf(request.cipherSuite);
      const identity = createIdentity(suite, request.identity);
      const psks = new PskTable();
      const group = await Group.create(
        {
          suite,
          groupId: request.groupId,
          identity,
          lifetime: currentLifetime(),
          extensions: [],
          grease: cast.grease,
        },
        optionsOf(psks),
      );
      return {
        stateId: cast.members.add(memberOf({ suite, identity, psks }, group, request.encryptHandshake)),
      };
    },

    createKeyPackage(request) {
      return describeTransaction(
        cast,
        createTransaction(suiteOf(request.cipherSuite), request.identity, cast.grease),
      );
    },

    async joinGroup(request) {
      const transaction = cast.transactions.get(request.transactionId);
      const member = await joinByWelcome(transaction, request, request);
      return { stateId: cast.members.add(member), epochAuthenticator: member.group.epochAuthenticator };
    },

    externalJoin: (request) => joinExternally(cast, request),
  };
}

/** The calls that look at actors and end them. */
export function actorCalls(
  cast: Cast,
): CallsNamed<'groupInfo' | 'stateAuth' | 'export' | 'storePsk' | 'free'> {
  return {
    groupInfo(request) {
      const { group } = cast.members.get(request.stateId);
      return {
        groupInfo: writeGroupInfo(group.groupInfo(infoRequest(cast, request.externalTree, true))),
        ratchetTree: request.externalTree ? writeTree(group.state.tree) : NOTHING,
      };
    },

    stateAuth({ stateId }) {
      return { stateAuthSecret: cast.members.get(stateId).group.epochAuthenticator };
    },

    export(request) {
      const { group } = cast.members.get(request.stateId);
      const { label, context, keyLength: length } = request;
      return { exportedSecret: group.exportSecret({ label, context, length }) };
    },

    storePsk(request) {
      const id = request.stateOrTransactionId;
      const actor = cast.members.find(id) ?? cast.transactions.get(id);
      actor.psks.store(request.pskId, request.pskSecret);
      return {};
    },

    free({ stateId }) {
      cast.members.take(stateId);
      return {};
    },
  };
}

/** Keeps a client that waits for its Welcome, and tells about its keys: the runner writes transcripts with them. */
export function describeTransaction(
  cast: Cast,
  transaction: Transaction,
): mlsClient.CreateKeyPackageResponse {
  const { keyPackage, initPrivateKey, encryptionPrivateKey, signaturePrivateKey } = transaction.keyPackage;
  return {
    transactionId: cast.transactions.add(transaction),
    keyPackage: writeKeyPackage(keyPackage),
    initPriv: Uint8Array.from(initPrivateKey),
    encryptionPriv: Uint8Array.from(encryptionPrivateKey),
    signaturePriv: Uint8Array.from(signaturePrivateKey),
  };
}

async function joinExternally(cast: Cast, request: mlsClient.ExternalJoinRequest) {
  const groupInfo = readGroupInfo(request.groupInfo);
  const suite = suiteOf(groupInfo.groupContext.cipherSuite);
  const identity = createIdentity(suite, request.identity);
  const psks = new PskTable();
  const ids = request.psks.map(({ pskId, pskSecret }): PreSharedKeyID => {
    psks.store(pskId, pskSecret);
    return externalPsk(suite, pskId);
  });
  const ratchetTree = treeOf(groupInfo, request.ratchetTree);
  const { group, message } = await Group.joinExternally(
    {
      suite,
      groupInfo,
      ratchetTree,
      identity,
      resync: priorLeaf(request, ratchetTree),
      psks: ids,
      authenticatedData: NOTHING,
    },
    optionsOf(psks),
  );
  const member = memberOf({ suite, identity, psks }, group, request.encryptHandshake);
  return {
    stateId: cast.members.add(member),
    commit: encodeMessage(message),
    epochAuthenticator: group.epochAuthenticator,
  };
}

function priorLeaf(
  { removePrior, identity }: mlsClient.ExternalJoinRequest,
  tree: RatchetTree,
): LeafIndex | undefined {
  if (!removePrior) return undefined;
  const leaf = leafOfIdentity(tree, identity);
  if (leaf === undefined)
    throw new CallRefusal('INVALID_ARGUMENT', 'there is no prior leaf of this identity');
  return leaf;
}
