/**
 * Proposals of members, by value and by reference.
 *
 * @module
 */

import { decode } from '@canopy/codec';
import type { mlsClient } from '@canopy/contract';
import type { CipherSuite } from '@canopy/crypto';
import {
  createExtension,
  CredentialType,
  decodeMessage,
  encodeMessage,
  ExtensionType,
  ExternalSender,
  ExternalSenders,
  findExtension,
  ProposalType,
  ProtocolVersion,
  PSKType,
  ResumptionPSKUsage,
  WireFormat,
  type Extension,
  type GroupContext,
  type LeafIndex,
  type MLSMessage,
  type PreSharedKeyID,
  type Proposal,
  type ProposalFraming,
  type RatchetTree,
} from '@canopy/mls';
import type { Cast, Member } from './actors.ts';
import { CallRefusal } from './call-refusal.ts';
import type { CallsNamed } from './calls.ts';
import { readKeyPackage } from './wire.ts';

const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Finds the member of a name. */
export function leafOfIdentity(tree: RatchetTree, identity: Uint8Array): LeafIndex | undefined {
  for (const { leafIndex, leafNode } of tree.members()) {
    const { credential } = leafNode;
    if (credential.credentialType !== CredentialType.basic) continue;
    if (Buffer.compare(credential.identity, identity) === 0) return leafIndex;
  }
  return undefined;
}

/** Names an external PSK, with a fresh nonce. */
export function externalPsk(suite: CipherSuite, pskId: Uint8Array): PreSharedKeyID {
  return { pskType: PSKType.external, pskId, pskNonce: suite.random(suite.kdf.size) };
}

/** What a proposal is about. */
export interface ProposalPlace {
  readonly suite: CipherSuite;
  readonly groupContext: GroupContext;
  readonly tree: RatchetTree;
}

const ascii = new TextDecoder();

/** Makes the proposal that a description describes. @throws CallRefusal INVALID_ARGUMENT */
export function describedProposal(
  place: ProposalPlace,
  description: mlsClient.ProposalDescription,
): Proposal {
  const type = ascii.decode(description.proposalType);
  switch (type) {
    case 'add':
      return { proposalType: ProposalType.add, keyPackage: readKeyPackage(description.keyPackage) };
    case 'remove':
      return removeOf(place.tree, description.removedId);
    case 'externalPSK':
      return { proposalType: ProposalType.psk, psk: externalPsk(place.suite, description.pskId) };
    case 'resumptionPSK':
      return resumptionOf(place, description.epochId);
    case 'groupContextExtensions':
      return { proposalType: ProposalType.groupContextExtensions, extensions: description.extensions };
    case 'reinit':
      return reinitOf(description);
    default:
      throw new CallRefusal('INVALID_ARGUMENT', `no proposal is called ${JSON.stringify(type)}`);
  }
}

function removeOf(tree: RatchetTree, identity: Uint8Array): Proposal {
  const removed = leafOfIdentity(tree, identity);
  if (removed === undefined) throw new CallRefusal('INVALID_ARGUMENT', 'nobody of this identity is a member');
  return { proposalType: ProposalType.remove, removed };
}

function resumptionOf({ suite, groupContext }: ProposalPlace, pskEpoch: bigint): Proposal {
  const psk: PreSharedKeyID = {
    pskType: PSKType.resumption,
    usage: ResumptionPSKUsage.application,
    pskGroupId: groupContext.groupId,
    pskEpoch,
    pskNonce: suite.random(suite.kdf.size),
  };
  return { proposalType: ProposalType.psk, psk };
}

function reinitOf({
  groupId,
  cipherSuite,
  extensions,
}: Pick<mlsClient.ReInitProposalRequest, 'groupId' | 'cipherSuite' | 'extensions'>): Proposal {
  const version = ProtocolVersion.mls10;
  return { proposalType: ProposalType.reinit, groupId, version, cipherSuite, extensions };
}

/** Adds a sender behind those that the group has, and keeps its other extensions. */
function withSender(extensions: readonly Extension[], sender: ExternalSender): Proposal {
  const senders = findExtension(extensions, ExtensionType.externalSenders, ExternalSenders) ?? [];
  const others = extensions.filter(({ extensionType }) => extensionType !== ExtensionType.externalSenders);
  const extension = createExtension(ExtensionType.externalSenders, ExternalSenders, [...senders, sender]);
  return { proposalType: ProposalType.groupContextExtensions, extensions: [...others, extension] };
}

/** How a member sends its handshake messages. */
export function framingOf({ encryptHandshake }: Member): ProposalFraming {
  const wireFormat = encryptHandshake ? WireFormat.privateMessage : WireFormat.publicMessage;
  return { wireFormat, authenticatedData: new Uint8Array(0) };
}

/** Remembers the reference of the proposal that a member has just made or received. */
function remember(member: Member, message: Uint8Array, reference: Uint8Array | undefined): void {
  if (reference !== undefined) member.proposals.set(keyOf(message), reference);
}

/** Sends what a member proposes. */
async function send(member: Member, message: Promise<MLSMessage>): Promise<{ proposal: Uint8Array }> {
  const proposal = encodeMessage(await message);
  remember(member, proposal, member.group.state.proposals.at(-1)?.reference);
  return { proposal };
}

/** Lets a member know proposals, its own included, and gives their references in the given order. */
export async function learnProposals(
  member: Member,
  messages: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  const references: Uint8Array[] = [];
  for (const message of messages) {
    const known = member.proposals.get(keyOf(message));
    references.push(known ?? (await learn(member, message)));
  }
  return references;
}

async function learn(member: Member, message: Uint8Array): Promise<Uint8Array> {
  const received = await member.group.process(decodeMessage(message));
  if (received.kind !== 'proposal') {
    throw new CallRefusal('INVALID_ARGUMENT', `a proposal expected, found ${received.kind}`);
  }
  remember(member, message, received.reference);
  return received.reference;
}

/** The calls that propose as a member. */
export function proposalCalls(
  cast: Cast,
): CallsNamed<
  | 'addProposal'
  | 'updateProposal'
  | 'removeProposal'
  | 'externalPskProposal'
  | 'resumptionPskProposal'
  | 'groupContextExtensionsProposal'
  | 'addExternalSigner'
  | 'reInitProposal'
> {
  const propose = (
    stateId: number,
    make: (place: ProposalPlace) => Proposal,
  ): Promise<{ proposal: Uint8Array }> => {
    const member = cast.members.get(stateId);
    return send(member, member.group.propose(make(member.group.state), framingOf(member)));
  };
  return {
    addProposal: ({ stateId, keyPackage }) =>
      propose(stateId, () => ({ proposalType: ProposalType.add, keyPackage: readKeyPackage(keyPackage) })),
    updateProposal({ stateId }) {
      const member = cast.members.get(stateId);
      return send(member, member.group.proposeUpdate(framingOf(member)));
    },
    removeProposal: ({ stateId, removedId }) => propose(stateId, ({ tree }) => removeOf(tree, removedId)),
    externalPskProposal: ({ stateId, pskId }) =>
      propose(stateId, ({ suite }) => ({ proposalType: ProposalType.psk, psk: externalPsk(suite, pskId) })),
    resumptionPskProposal: ({ stateId, epochId }) =>
      propose(stateId, (place) => resumptionOf(place, epochId)),
    groupContextExtensionsProposal: (request) =>
      propose(request.stateId, () => ({
        proposalType: ProposalType.groupContextExtensions,
        extensions: request.extensions,
      })),
    addExternalSigner: ({ stateId, externalSender }) =>
      propose(stateId, ({ groupContext }) =>
        withSender(groupContext.extensions, decode(ExternalSender, externalSender)),
      ),
    reInitProposal: (request) => propose(request.stateId, () => reinitOf(request)),
  };
}
