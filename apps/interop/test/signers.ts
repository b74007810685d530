import { callUnary, type mlsClient } from '@canopy/contract';

import type { Actor, Stage } from './stage.ts';

/** Somebody who may propose from outside. */
export interface ExternalSigner {
  readonly actor: Actor;
  readonly signerId: number;
  readonly signerIndex: number;
}

const identity = ({ name }: Actor): Uint8Array => Buffer.from(name, 'utf8');

/** Lets members agree that somebody may propose from outside. */
export async function appoint(
  stage: Stage,
  actor: Actor,
  [committer, ...members]: readonly [Actor, ...Actor[]],
  signerIndex = 0,
): Promise<ExternalSigner> {
  const { cipherSuite } = stage;
  const made = await callUnary(actor.client, 'createExternalSigner', {
    cipherSuite,
    identity: identity(actor),
  });
  const { stateId } = committer;
  const { externalSender } = made;
  const { proposal } = await callUnary(committer.client, 'addExternalSigner', { stateId, externalSender });
  await stage.commit(committer, { byReference: [proposal], members });
  return { actor, signerId: made.signerId, signerIndex };
}

/** Makes the proposal of somebody outside. */
export async function proposeAs(
  stage: Stage,
  { actor, signerId, signerIndex }: ExternalSigner,
  through: Actor,
  [description, externalTree]: readonly [mlsClient.ProposalDescription, boolean?],
): Promise<Uint8Array> {
  const info = await stage.groupInfo(through, externalTree);
  const request = { signerId, signerIndex, description, ...info };
  return (await callUnary(actor.client, 'externalSignerProposal', request)).proposal;
}

/** Makes the proposal of somebody to be added. */
export async function askToBeAdded(stage: Stage, actor: Actor, through: Actor): Promise<Uint8Array> {
  const { groupInfo } = await stage.groupInfo(through);
  const made = await callUnary(actor.client, 'newMemberAddProposal', {
    groupInfo,
    identity: identity(actor),
  });
  actor.transactionId = made.transactionId;
  return made.proposal;
}
