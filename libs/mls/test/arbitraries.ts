import * as fc from 'fast-check';

import type { Commit, ProposalOrRef } from '../src/commits/commit.ts';
import type { GroupInfo } from '../src/commits/group-info.ts';
import type { AuthenticatedContent } from '../src/framing/authentication.ts';
import type { ContentBody, FramedContent, Sender } from '../src/framing/content.ts';
import type { MLSMessage } from '../src/framing/message.ts';
import type { PublicMessage } from '../src/framing/public-message.ts';
import type { SenderData } from '../src/framing/sender-data.ts';
import type { Proposal } from '../src/proposals/proposal.ts';
import { toLeafIndex, type LeafIndex } from '../src/tree/math.ts';

/*
 * Any value of every structure that travels or is stored: code points known and unknown, GREASE, empty and long
 * bytes, integers up to the end of their range. Nothing in them has to make sense together.
 */

const uint = (bits: 8 | 16 | 32): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });

/** All bits of a uint64, its ends more often than others. */
export const uint64 = fc.oneof(
  fc.constantFrom(0n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

/** Bytes, mostly few; sometimes at the borders of the length header. */
export const data = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 300).map((length) => new Uint8Array(length).fill(7)) },
);

/** A code point: known ones, GREASE, private use, anything. */
export const codePoint = fc.oneof(fc.constantFrom(0, 1, 2, 5, 7, 0x0a0a, 0xeaea, 0xf001, 0xffff), uint(16));

const list = <T>(element: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(element, { maxLength: 4 });
const leafIndex: fc.Arbitrary<LeafIndex> = fc.oneof(fc.constant(2 ** 32 - 1), uint(32)).map(toLeafIndex);

export const extensions = fc.uniqueArray(fc.record({ extensionType: codePoint, extensionData: data }), {
  maxLength: 4,
  selector: ({ extensionType }) => extensionType,
});

export const credential = fc.oneof(
  fc.record({ credentialType: fc.constant(1 as const), identity: data }),
  fc.record({ credentialType: fc.constant(2 as const), certificates: list(fc.record({ certData: data })) }),
);

export const capabilities = fc.record({
  versions: list(codePoint),
  cipherSuites: list(codePoint),
  extensions: list(codePoint),
  proposals: list(codePoint),
  credentials: list(codePoint),
});

export const lifetime = fc.record({ notBefore: uint64, notAfter: uint64 });

const source = fc.oneof(
  fc.record({ leafNodeSource: fc.constant(1 as const), lifetime }),
  fc.record({ leafNodeSource: fc.constant(2 as const) }),
  fc.record({ leafNodeSource: fc.constant(3 as const), parentHash: data }),
);

const leafFields = {
  encryptionKey: data,
  signatureKey: data,
  credential,
  capabilities,
  source,
  extensions,
};

/** A leaf before it is signed. */
export const leafNodeContent = fc.record(leafFields);
export const leafNode = fc.record({ ...leafFields, signature: data });

export const parentNode = fc.record({
  encryptionKey: data,
  parentHash: data,
  unmergedLeaves: list(leafIndex),
});

const hpkeCiphertext = fc.record({ kemOutput: data, ciphertext: data });

export const updatePath = fc.record({
  leafNode,
  nodes: list(fc.record({ encryptionKey: data, encryptedPathSecret: list(hpkeCiphertext) })),
});

export const keyPackage = fc.record({
  version: codePoint,
  cipherSuite: codePoint,
  initKey: data,
  leafNode,
  extensions,
  signature: data,
});

export const preSharedKeyId = fc.oneof(
  fc.record({ pskType: fc.constant(1 as const), pskId: data, pskNonce: data }),
  fc.record({
    pskType: fc.constant(2 as const),
    usage: fc.constantFrom(1 as const, 2 as const, 3 as const),
    pskGroupId: data,
    pskEpoch: uint64,
    pskNonce: data,
  }),
);

export const reinit = fc.record({
  groupId: data,
  version: codePoint,
  cipherSuite: codePoint,
  extensions,
});

/** One arbitrary for each of the seven proposal types. */
export const proposals: Record<string, fc.Arbitrary<Proposal>> = {
  add: fc.record({ proposalType: fc.constant(1 as const), keyPackage }),
  update: fc.record({ proposalType: fc.constant(2 as const), leafNode }),
  remove: fc.record({ proposalType: fc.constant(3 as const), removed: leafIndex }),
  psk: fc.record({ proposalType: fc.constant(4 as const), psk: preSharedKeyId }),
  reinit: reinit.map((body) => ({ proposalType: 5 as const, ...body })),
  externalInit: fc.record({ proposalType: fc.constant(6 as const), kemOutput: data }),
  groupContextExtensions: fc.record({ proposalType: fc.constant(7 as const), extensions }),
};

export const proposal: fc.Arbitrary<Proposal> = fc.oneof(...Object.values(proposals));

export const proposalOrRef: fc.Arbitrary<ProposalOrRef> = fc.oneof(
  fc.record({ type: fc.constant(1 as const), proposal }),
  fc.record({ type: fc.constant(2 as const), reference: data }),
);

export const commit: fc.Arbitrary<Commit> = fc.record({
  proposals: list(proposalOrRef),
  path: fc.option(updatePath, { nil: undefined }),
});

/** One arbitrary for each kind of sender. */
export const senders: Record<string, fc.Arbitrary<Sender>> = {
  member: fc.record({ senderType: fc.constant(1 as const), leafIndex }),
  external: fc.record({ senderType: fc.constant(2 as const), senderIndex: uint(32) }),
  newMemberProposal: fc.record({ senderType: fc.constant(3 as const) }),
  newMemberCommit: fc.record({ senderType: fc.constant(4 as const) }),
};

export const sender: fc.Arbitrary<Sender> = fc.oneof(...Object.values(senders));

const bodies = {
  application: fc.record({ contentType: fc.constant(1 as const), applicationData: data }),
  proposal: fc.record({ contentType: fc.constant(2 as const), proposal }),
  commit: fc.record({ contentType: fc.constant(3 as const), commit }),
};

export const body: fc.Arbitrary<ContentBody> = fc.oneof(bodies.application, bodies.proposal, bodies.commit);

const framed = (of: fc.Arbitrary<ContentBody>): fc.Arbitrary<FramedContent> =>
  fc.record({ groupId: data, epoch: uint64, sender, authenticatedData: data, body: of });

/** One arbitrary for each kind of content. */
export const contents: Record<string, fc.Arbitrary<FramedContent>> = {
  application: framed(bodies.application),
  proposal: framed(bodies.proposal),
  commit: framed(bodies.commit),
};

const content = framed(body);

/** Auth data has a confirmation tag exactly for commits. */
const authFor = (
  { contentType }: ContentBody,
  signature: Uint8Array,
  tag: Uint8Array,
): AuthenticatedContent['auth'] => ({
  signature,
  confirmationTag: contentType === 3 ? tag : undefined,
});

export const authenticatedContent: fc.Arbitrary<AuthenticatedContent> = fc
  .tuple(fc.constantFrom(1 as const, 2 as const), content, data, data)
  .map(([wireFormat, value, signature, tag]) => ({
    wireFormat,
    content: value,
    auth: authFor(value.body, signature, tag),
  }));

export const publicMessage: fc.Arbitrary<PublicMessage> = fc
  .tuple(content, data, data, data)
  .map(([value, signature, tag, membership]) => ({
    content: value,
    auth: authFor(value.body, signature, tag),
    membershipTag: value.sender.senderType === 1 ? membership : undefined,
  }));

export const privateMessage = fc.record({
  groupId: data,
  epoch: uint64,
  contentType: fc.constantFrom(1 as const, 2 as const, 3 as const),
  authenticatedData: data,
  encryptedSenderData: data,
  ciphertext: data,
});

export const senderData: fc.Arbitrary<SenderData> = fc.record({
  leafIndex,
  generation: uint(32),
  reuseGuard: fc.uint8Array({ minLength: 4, maxLength: 4 }),
});

export const groupContext = fc.record({
  version: codePoint,
  cipherSuite: codePoint,
  groupId: data,
  epoch: uint64,
  treeHash: data,
  confirmedTranscriptHash: data,
  extensions,
});

export const groupInfo: fc.Arbitrary<GroupInfo> = fc.record({
  groupContext,
  extensions,
  confirmationTag: data,
  signer: leafIndex,
  signature: data,
});

export const groupSecrets = fc.record({
  joinerSecret: data,
  pathSecret: fc.option(fc.record({ pathSecret: data }), { nil: undefined }),
  psks: list(preSharedKeyId),
});

export const welcome = fc.record({
  cipherSuite: codePoint,
  secrets: list(fc.record({ newMember: data, encryptedGroupSecrets: hpkeCiphertext })),
  encryptedGroupInfo: data,
});

/** One arbitrary for each wire format. */
export const messages: Record<string, fc.Arbitrary<MLSMessage>> = {
  publicMessage: fc.record({ wireFormat: fc.constant(1 as const), publicMessage }),
  privateMessage: fc.record({ wireFormat: fc.constant(2 as const), privateMessage }),
  welcome: fc.record({ wireFormat: fc.constant(3 as const), welcome }),
  groupInfo: fc.record({ wireFormat: fc.constant(4 as const), groupInfo }),
  keyPackage: fc.record({ wireFormat: fc.constant(5 as const), keyPackage }),
};

const node = fc.oneof(
  fc.record({ nodeType: fc.constant(1 as const), leafNode }),
  fc.record({ nodeType: fc.constant(2 as const), parentNode }),
);

export const ratchetTreeNodes = list(fc.option(node, { nil: undefined }));

export const requiredCapabilities = fc.record({
  extensionTypes: list(codePoint),
  proposalTypes: list(codePoint),
  credentialTypes: list(codePoint),
});

export const externalSenders = list(fc.record({ signatureKey: data, credential }));
