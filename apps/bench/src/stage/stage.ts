/**
 * Where the libraries are measured: each of them enters a group of the same tree, among puppets that never answer.
 *
 * @module
 */

import { encode } from '@canopy/codec';
import {
  decodeMessage,
  encodeMessage,
  Group,
  nodesOfTree,
  ProposalType,
  RatchetTreeNodes,
  WireFormat,
  type CommitRequest,
} from '@canopy/mls';
import type { Peer, TreeBeside } from '../peers/peer.ts';
import type { Cast } from './cast.ts';
import { groupOptions } from './identities.ts';
import {
  additionsOf,
  emptyGroup,
  foundGroup,
  plainInfo,
  playMember,
  removalsOf,
  warmUp,
  type FoundedGroup,
  type PuppetGroup,
} from './puppet-group.ts';

/** A way into a group of puppets. */
export interface Invitation {
  readonly welcome: Uint8Array;
  readonly ratchetTree: TreeBeside;
  /** What a member may show to prove that it is there: the epoch's authenticator, or an exported secret. */
  readonly proofs: readonly Uint8Array[];
}

/**
 * The groups of one size that libraries enter, built when they are first asked for, in time N log N. They stay as they
 * are: whoever enters does so in an epoch of its own.
 */
export class Stage {
  readonly cast: Cast;
  readonly members: number;
  #fresh: Promise<FoundedGroup> | undefined;
  #warm: Promise<PuppetGroup> | undefined;
  #emptied: Promise<PuppetGroup> | undefined;

  constructor(cast: Cast, members: number) {
    this.cast = cast;
    this.members = members;
  }

  /** Gives the group as it was founded, with no other commit. */
  fresh(): Promise<FoundedGroup> {
    return (this.#fresh ??= foundGroup(this.cast, this.members));
  }

  /** Gives the group after a commit of every member. */
  warm(): Promise<PuppetGroup> {
    return (this.#warm ??= this.fresh().then(warmUp));
  }

  /** Gives a group as wide as the others, but with the first and the last member alone. It takes three members at least. */
  emptied(): Promise<PuppetGroup> {
    return (this.#emptied ??= this.fresh().then(emptyGroup));
  }

  /**
   * Lets three live members take the places of the first, the second and the last puppet of the warm group, which is
   * warm again when they have committed. It takes four members at least. Additions fill the leftmost blank leaves, so
   * that each gets the place of its KeyPackage.
   */
  async invite(keyPackages: readonly Uint8Array[], tree: Peer['treeOfWelcome']): Promise<Invitation> {
    const { members } = this;
    const proposals = [...removalsOf([0, 1, members - 1]), ...additionsOfEncoded(keyPackages)];
    return inviteBy(playMember(await this.warm(), Math.floor(members / 2)), proposals, tree);
  }

  /** Fills the emptied group by a commit without a path: all whom it adds, a live member last, are unmerged leaves. */
  async inviteUnmerged(keyPackage: Uint8Array, tree: Peer['treeOfWelcome']): Promise<Invitation> {
    const puppets = additionsOf(this.cast.puppets(1, this.members - 3));
    const proposals = [...puppets, ...additionsOfEncoded([keyPackage])];
    return inviteBy(playMember(await this.emptied(), 0), proposals, tree);
  }
}

/** The one secret that core-crypto exports (RFC 9420 §8.5). */
const exported = { label: 'exporter', context: new Uint8Array(0), length: 32 };

async function inviteBy(
  committer: Group,
  proposals: CommitRequest['proposals'],
  tree: Peer['treeOfWelcome'],
): Promise<Invitation> {
  const welcomeInfo = { ...plainInfo, ratchetTree: tree === 'inside' };
  const { welcome, staged } = await committer.commit({ proposals, welcomeInfo });
  if (welcome === undefined) throw new Error('a commit that adds has a Welcome');
  const joined = new Group(staged.state, groupOptions);
  return {
    welcome: encodeMessage({ wireFormat: WireFormat.welcome, welcome }),
    ratchetTree: tree === 'inside' ? undefined : encode(RatchetTreeNodes, nodesOfTree(staged.state.tree)),
    proofs: [joined.epochAuthenticator, joined.exportSecret(exported)],
  };
}

function additionsOfEncoded(keyPackages: readonly Uint8Array[]): CommitRequest['proposals'] {
  return keyPackages.map((bytes) => {
    const message = decodeMessage(bytes);
    if (message.wireFormat !== WireFormat.keyPackage) throw new Error('a KeyPackage expected');
    return { proposalType: ProposalType.add, keyPackage: message.keyPackage };
  });
}
