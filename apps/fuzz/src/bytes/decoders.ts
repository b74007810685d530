/**
 * Everything in libs/mls that reads bytes, each with samples of what it reads.
 *
 * @module
 */

import { decode, encode, type Codec } from '@canopy/codec';
import * as mls from '@canopy/mls';
import type { Corpus } from './corpus.ts';

/** Something that reads bytes. */
export interface Decoder {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  /** Reads bytes; gives what the value looks like when it is written again. */
  readonly readAndWrite: (bytes: Uint8Array) => Uint8Array;
  /** Each value has one form only; else what was written once stays as it is. */
  readonly isCanonical: boolean;
}

// A copy: structures that were decoded remember their bytes, and would give them back whatever they hold.
function decoder<T>(name: string, codec: Codec<T>, values: readonly T[]): Decoder {
  return {
    name,
    isCanonical: true,
    samples: values.map((value) => encode(codec, value)),
    readAndWrite: (bytes) => encode(codec, structuredClone(decode(codec, bytes))),
  };
}

/** Lists everything that reads bytes. */
export function decodersOf(corpus: Corpus): readonly Decoder[] {
  return [...decodersOfMessages(corpus), ...decodersOfParts(corpus), ...decodersOfState(corpus)].filter(
    ({ samples }) => samples.length > 0,
  );
}

function decodersOfMessages(corpus: Corpus): readonly Decoder[] {
  const { messages, publicMessages, privateMessages, contents } = corpus;
  return [
    decoder('MLSMessage', mls.MLSMessage, messages),
    decoder('PublicMessage', mls.PublicMessage, publicMessages),
    decoder('PrivateMessage', mls.PrivateMessage, privateMessages),
    decoder('FramedContent', mls.FramedContent, contents),
    decoder(
      'Sender',
      mls.Sender,
      contents.map(({ sender }) => sender),
    ),
    decoder('Commit', mls.Commit, corpus.commits),
    decoder(
      'ProposalOrRef',
      mls.ProposalOrRef,
      corpus.commits.flatMap(({ proposals }) => proposals),
    ),
    decoder(
      'UpdatePath',
      mls.UpdatePath,
      corpus.commits.flatMap(({ path }) => path ?? []),
    ),
    decoder('Proposal', mls.Proposal, corpus.proposals),
    decoder('PreSharedKeyID', mls.PreSharedKeyID, corpus.psks),
    decoder('Welcome', mls.Welcome, corpus.welcomes),
    decoder('GroupSecrets', mls.GroupSecrets, corpus.groupSecrets),
    decoder('GroupInfo', mls.GroupInfo, corpus.groupInfos),
    decoder(
      'GroupContext',
      mls.GroupContext,
      corpus.groupInfos.map(({ groupContext }) => groupContext),
    ),
    decoder('KeyPackage', mls.KeyPackage, corpus.keyPackages),
  ];
}

function decodersOfParts({ nodes, extensions, leaves, parents }: Corpus): readonly Decoder[] {
  const ofType = <T>(type: number, codec: Codec<T>): T[] =>
    extensions.flatMap((one) => (one.extensionType === type ? [decode(codec, one.extensionData)] : []));
  const senders = ofType(mls.ExtensionType.externalSenders, mls.ExternalSenders);
  return [
    decoder('RatchetTreeNodes', mls.RatchetTreeNodes, [nodes]),
    decoder('LeafNode', mls.LeafNode, leaves),
    decoder('ParentNode', mls.ParentNode, parents),
    decoder(
      'Capabilities',
      mls.Capabilities,
      leaves.map(({ capabilities }) => capabilities),
    ),
    decoder(
      'Credential',
      mls.Credential,
      leaves.map(({ credential }) => credential),
    ),
    decoder(
      'Certificate',
      mls.Certificate,
      leaves.map(({ signature: certData }) => ({ certData })),
    ),
    decoder('Lifetime', mls.Lifetime, [{ notBefore: 1n, notAfter: 2n ** 64n - 1n }]),
    decoder('Extension', mls.Extension, extensions),
    decoder(
      'RequiredCapabilities',
      mls.RequiredCapabilities,
      ofType(mls.ExtensionType.requiredCapabilities, mls.RequiredCapabilities),
    ),
    decoder('ExternalPub', mls.ExternalPub, ofType(mls.ExtensionType.externalPub, mls.ExternalPub)),
    decoder('ExternalSenders', mls.ExternalSenders, senders),
    decoder('ExternalSender', mls.ExternalSender, senders.flat()),
  ];
}

function decodersOfState({ states, stagedCommits, nodes }: Corpus): readonly Decoder[] {
  const [base] = states;
  if (base === undefined) return [];
  return [
    {
      name: 'tree',
      isCanonical: true,
      samples: [encode(mls.RatchetTreeNodes, nodes)],
      readAndWrite: (bytes) =>
        encode(mls.RatchetTreeNodes, mls.nodesOfTree(mls.treeFromNodes(decode(mls.RatchetTreeNodes, bytes)))),
    },
    {
      name: 'stored state',
      isCanonical: false,
      samples: states.map((state) => mls.encodeState(state)),
      readAndWrite: (bytes) => mls.encodeState(mls.decodeState(bytes)),
    },
    {
      name: 'stored commit',
      isCanonical: false,
      samples: stagedCommits,
      readAndWrite: (bytes) => mls.encodeStagedCommit(mls.decodeStagedCommit(bytes, base)),
    },
  ];
}
