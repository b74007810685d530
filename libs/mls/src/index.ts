/**
 * Messaging Layer Security, RFC 9420: the protocol without clock, disk or network.
 *
 * @module
 */

export { InternalError, MlsError } from './errors.ts';
export type { MlsErrorCode } from './errors.ts';
export {
  CredentialType,
  ExtensionType,
  isDefaultExtensionType,
  isDefaultProposalType,
  isGrease,
  ProposalType,
  ProtocolVersion,
  WireFormat,
} from './registries.ts';
export type { ContentWireFormat } from './registries.ts';
export { defaultPolicy } from './policy.ts';
export type { Padding, Policy } from './policy.ts';

export { Certificate, Credential } from './credentials/credential.ts';
export { identifierOf, IdentityAnswers } from './credentials/identity.ts';
export type {
  IdentityProvider,
  IdentityQuestion,
  IdentityVerdict,
  PresentedCredential,
} from './credentials/identity.ts';

export { AuthenticatedContent } from './framing/authentication.ts';
export { ContentType, FramedContent, Sender, SenderType } from './framing/content.ts';
export { decodeMessage, encodeMessage, MLSMessage } from './framing/message.ts';
export { PrivateMessage } from './framing/private-message.ts';
export { PublicMessage } from './framing/public-message.ts';

export { Capabilities } from './tree/capabilities.ts';
export { LeafNode, LeafNodeSource } from './tree/leaf-node.ts';
export { Lifetime } from './tree/lifetime.ts';
export { toLeafIndex } from './tree/math.ts';
export type { LeafIndex } from './tree/math.ts';
export { ParentNode } from './tree/parent-node.ts';
export { RatchetTree } from './tree/ratchet-tree.ts';
export type { Member } from './tree/ratchet-tree.ts';
export { UpdatePath } from './tree/update-path.ts';
export type { LeafValidation } from './tree/validate-leaf-node.ts';

export { GroupContext } from './schedule/group-context.ts';
export { noPsks, PreSharedKeyID, PSKType, ResumptionPSKUsage } from './schedule/psk.ts';
export type { PskStore } from './schedule/psk.ts';

export { createKeyPackage, supportedCapabilities } from './key-packages/create-key-package.ts';
export type { OwnKeyPackage } from './key-packages/create-key-package.ts';
export type { ClientIdentity } from './key-packages/client-identity.ts';
export { KeyPackage, keyPackageRef } from './key-packages/key-package.ts';
export { requireBestCipherSuite, selectCipherSuite } from './key-packages/select-cipher-suite.ts';
export { validateKeyPackage } from './key-packages/validate-key-package.ts';

export { createExtension, Extension, findExtension } from './extensions/extension.ts';
export { ExternalPub } from './extensions/external-pub.ts';
export { ExternalSender, ExternalSenders } from './extensions/external-senders.ts';
export { nodesOfTree, RatchetTreeNodes, treeFromNodes } from './extensions/ratchet-tree.ts';
export { RequiredCapabilities } from './extensions/required-capabilities.ts';

export { Proposal } from './proposals/proposal.ts';

export { Commit, ProposalOrRef, ProposalOrRefType } from './commits/commit.ts';
export { GroupInfo } from './commits/group-info.ts';
export { GroupSecrets, sliceWelcome, Welcome } from './commits/welcome.ts';
export type { CommitRequest, CreatedCommit } from './commits/create-commit.ts';
export { createGroupInfo } from './commits/create-group-info.ts';
export type { GroupInfoRequest } from './commits/create-group-info.ts';
export { statedTree } from './commits/validate-group-info.ts';
export type { ExternalCommitRequest } from './commits/join-by-commit.ts';
export { wipeInitKey } from './commits/join-by-welcome.ts';
export type { WelcomeInput } from './commits/join-by-welcome.ts';

export type { ApplicationData } from './group/application.ts';
export { createGroupId } from './group/create-group.ts';
export type { GroupRequest } from './group/create-group.ts';
export { PublicGroup } from './group/public-group.ts';
export type { PublicGroupRequest, PublicReceived } from './group/public-group.ts';
export { adviseOnKeys, observeKeys } from './group/key-age.ts';
export type { KeyAgeAdvice, KeyAgePolicy, KeyAges } from './group/key-age.ts';
export type { ProposalFraming } from './group/create-proposal.ts';
export { createExternalProposal, createJoinProposal } from './group/create-external-proposal.ts';
export type { ExternalProposalRequest, JoinProposalRequest } from './group/create-external-proposal.ts';
export type { BranchRequest, ReinitializeRequest } from './group/create-subgroup.ts';
export { Group } from './group/group.ts';
export type { GroupOptions, NewSubgroup, Received } from './group/group.ts';
export { defaultInboxLimits, Inbox } from './group/inbox.ts';
export type { Delivered, InboxLimits } from './group/inbox.ts';
export type { ReceivedApplicationData } from './group/process-message.ts';
export type { CommitEffects, StagedCommit } from './group/staged-commit.ts';
export { readState } from './group/records/read-state.ts';
export { recordsOf } from './group/records/record-changes.ts';
export type { RecordChange, StateRecord } from './group/records/record.ts';
export { decodeStagedCommit, encodeStagedCommit } from './group/records/staged-record.ts';
export { readStateOfVersion1 } from './group/records/version-1.ts';
export type { StateOfVersion1 } from './group/records/version-1.ts';
export { decodeState, encodeState } from './group/state-codec.ts';
export type { GroupState, GroupStatus } from './group/state.ts';
