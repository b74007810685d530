/**
 * Proposals of those who are not members.
 *
 * @module
 */

import { encode } from '@canopy/codec';
import type { mlsClient } from '@canopy/contract';
import { createExternalProposal, createJoinProposal, encodeMessage, ExternalSender } from '@canopy/mls';
import type { Cast } from './actors.ts';
import { CallRefusal } from './call-refusal.ts';
import type { CallsNamed } from './calls.ts';
import { createTransaction, credentialOf, suiteOf } from './clients.ts';
import { describeTransaction } from './groups.ts';
import { describedProposal } from './proposals.ts';
import { readGroupInfo, treeOf } from './wire.ts';

const NOTHING = new Uint8Array(0);

function proposeOneself(cast: Cast, request: mlsClient.NewMemberAddProposalRequest) {
  const { groupContext } = readGroupInfo(request.groupInfo);
  const suite = suiteOf(groupContext.cipherSuite);
  const transaction = createTransaction(suite, request.identity, cast.grease);
  const { keyPackage } = transaction;
  const message = createJoinProposal({ suite, groupContext, keyPackage, authenticatedData: NOTHING });
  const { keyPackage: _published, ...described } = describeTransaction(cast, transaction);
  return { ...described, proposal: encodeMessage(message) };
}

function proposeAsSigner(cast: Cast, request: mlsClient.ExternalSignerProposalRequest) {
  const { suite, keyPair } = cast.signers.get(request.signerId);
  const groupInfo = readGroupInfo(request.groupInfo);
  const ratchetTree = treeOf(groupInfo, request.ratchetTree);
  if (request.description === undefined) {
    throw new CallRefusal('INVALID_ARGUMENT', 'a description is missing');
  }
  const place = { suite, groupContext: groupInfo.groupContext, tree: ratchetTree };
  const message = createExternalProposal({
    suite,
    groupInfo,
    ratchetTree,
    senderIndex: request.signerIndex,
    signatureKeyPair: keyPair,
    proposal: describedProposal(place, request.description),
    authenticatedData: NOTHING,
  });
  return { proposal: encodeMessage(message) };
}

/** The calls that propose from outside. */
export function outsiderCalls(
  cast: Cast,
): CallsNamed<'newMemberAddProposal' | 'createExternalSigner' | 'externalSignerProposal'> {
  return {
    newMemberAddProposal: (request) => proposeOneself(cast, request),
    createExternalSigner(request) {
      const suite = suiteOf(request.cipherSuite);
      const keyPair = suite.signature.generateKeyPair();
      const sender = { signatureKey: keyPair.publicKey, credential: credentialOf(request.identity) };
      return {
        signerId: cast.signers.add({ suite, keyPair }),
        externalSender: encode(ExternalSender, sender),
      };
    },
    externalSignerProposal: (request) => proposeAsSigner(cast, request),
  };
}
