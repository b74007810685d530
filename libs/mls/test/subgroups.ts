import type { CipherSuite } from '@canopy/crypto';

import { createCommit, plainCommit } from '../src/commits/create-commit.ts';
import type { WelcomeInput } from '../src/commits/join-by-welcome.ts';
import { IdentityAnswers } from '../src/credentials/identity.ts';
import type { Extension } from '../src/extensions/extension.ts';
import { createGroup, questionsOfGroup } from '../src/group/create-group.ts';
import { Group } from '../src/group/group.ts';
import type { Ports } from '../src/group/ports.ts';
import { pskStoreOf } from '../src/group/state.ts';
import type { OwnKeyPackage } from '../src/key-packages/create-key-package.ts';
import type { Proposal } from '../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../src/registries.ts';
import { ResumptionPSKUsage, type SubgroupPsk } from '../src/schedule/psk.ts';
import {
  commitBy,
  keyPackageOf,
  lifetime,
  NOW,
  overTheWire,
  party,
  type Joiner,
  type Party,
  type PartySettings,
  type Peer,
} from './parties.ts';

/** Where a new group tells its story: all as usual. */
export const welcomeInfo = { ratchetTree: true, externalPub: false, grease: true };

/** The same client with a new signature key, of another suite if need be. */
export function again({ name }: Party, settings: PartySettings = {}): Joiner {
  const renewed = party(name, settings);
  return { party: renewed, keyPackage: keyPackageOf(renewed) };
}

/** Ends a group with a ReInit that everybody follows. */
export function end(
  committer: Peer,
  members: readonly Peer[],
  next: {
    readonly groupId: Uint8Array;
    readonly cipherSuite: number;
    readonly extensions?: readonly Extension[];
  },
): Promise<Peer[]> {
  const reinit: Proposal = { proposalType: ProposalType.reinit, version: 1, extensions: [], ...next };
  return commitBy(committer, members, { proposals: [reinit] });
}

/** Lets somebody enter a group that comes from another one. */
export async function enterFrom(
  oldGroup: Group | undefined,
  { party: who, keyPackage }: Joiner,
  welcome: WelcomeInput['welcome'] | undefined,
): Promise<Peer> {
  if (welcome === undefined) throw new Error('a Welcome expected');
  const arrived = overTheWire({ wireFormat: WireFormat.welcome, welcome });
  if (arrived.wireFormat !== WireFormat.welcome) throw new Error('a Welcome expected');
  const input = { suite: who.suite, welcome: arrived.welcome, keyPackage, ratchetTree: undefined };
  return { party: who, group: await Group.join({ ...input, oldGroup: oldGroup?.state }, who.options) };
}

/** What a rogue founder does otherwise than it should. */
export interface Rogue {
  readonly suite?: CipherSuite;
  readonly groupId: Uint8Array;
  readonly extensions?: readonly Extension[];
  readonly psks: readonly SubgroupPsk[];
  /** Empty commits before the one that adds the others. */
  readonly epochsBefore?: number;
}

/** The PSK that a member would use for a new group. */
export function subgroupPsk({ group }: Peer, usage: SubgroupPsk['usage'], suite = group.suite): SubgroupPsk {
  const { groupId, epoch } = group.state.groupContext;
  const pskNonce = suite.random(suite.kdf.size);
  return { pskType: 2, usage, pskGroupId: groupId, pskEpoch: epoch, pskNonce };
}

export const { reinit, branch } = ResumptionPSKUsage;

/**
 * Founds a group on the secrets of another one without keeping to the rules, and gives the Welcome.
 * All that is signed, tagged and encrypted is as it should be.
 */
export async function foundRogue(
  old: Peer,
  founder: Party,
  others: readonly OwnKeyPackage[],
  rogue: Rogue,
): Promise<WelcomeInput['welcome']> {
  const suite = rogue.suite ?? founder.suite;
  const { groupId, extensions = [], psks, epochsBefore = 0 } = rogue;
  const { identity, options } = founder;
  const request = { suite, groupId, extensions, identity, lifetime, grease: true };
  const adds = others.map(({ keyPackage }): Proposal => ({ proposalType: ProposalType.add, keyPackage }));
  const questions = others.map(({ keyPackage }) => ({
    kind: 'credential' as const,
    presented: keyPackage.leafNode,
  }));
  const identities = await IdentityAnswers.ask(options.identities, [
    ...questionsOfGroup(request),
    ...questions,
  ]);
  const psk = { findExternalPsk: () => undefined, findResumptionPsk: () => undefined };
  const ports: Ports = { policy: options.policy, nowSeconds: NOW, identities, psks: psk };
  let state = createGroup(request, ports);
  for (let count = 0; count < epochsBefore; count += 1) {
    state = createCommit(state, plainCommit, ports).staged.state;
  }
  const [first, ...more] = psks;
  const cache = more.map((id, index) => ({
    reference: new Uint8Array([index]),
    proposal: { proposalType: ProposalType.psk, psk: id } as const,
    sender: { senderType: 1 as const, leafIndex: state.ownLeafIndex },
  }));
  const { welcome } = createCommit(
    { ...state, proposals: cache },
    { ...plainCommit, proposals: adds, forcePath: true, welcomeInfo },
    { ...ports, psks: pskStoreOf(old.group.state, psk) },
    first,
  );
  if (welcome === undefined) throw new Error('a Welcome expected');
  return welcome;
}
