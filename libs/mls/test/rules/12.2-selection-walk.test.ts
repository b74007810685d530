import { describe, expect, it } from '@jest/globals';

import { equal } from '@canopy/crypto';

import type { StagedCommit } from '../../src/group/staged-commit.ts';
import { pskStoreOf } from '../../src/group/state.ts';
import { applyProposals, validateResult } from '../../src/proposals/apply-proposals.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import type { ProposalList } from '../../src/proposals/proposal-list.ts';
import { selectProposals } from '../../src/proposals/select-proposals.ts';
import { validateMemberList } from '../../src/proposals/validate-proposals.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { findPsks } from '../../src/schedule/psk.ts';
import {
  addOf,
  announce,
  choices,
  expectAgreement,
  expectConversation,
  follow,
  groupOf,
  join,
  joiner,
  party,
  removeOf,
  type Joiner,
  type Peer,
} from '../parties.ts';
import {
  demanding,
  externalPsk,
  knownPsks,
  mixIn,
  publicly,
  reinitTo,
  replaceExtensions,
  spread,
} from './12.1-proposals.ts';

type Pick = (below: number) => number;

const knowing = { options: { psks: knownPsks } };
const able = { ...knowing, capabilities: { extensions: [0xf001] } };
const extensionF001 = { extensionType: 0xf001, extensionData: new Uint8Array(1) };
const psks = ['known 1', 'known 2', 'unheard of'].map((id) => mixIn(externalPsk(id)));
const extensionLists = [
  replaceExtensions(),
  replaceExtensions(extensionF001),
  replaceExtensions(demanding({ extensionTypes: [0xf001] })),
  replaceExtensions(demanding({ extensionTypes: [0xf002] })),
];

function oneOf<T>(values: readonly T[], pick: Pick): T {
  const value = values[pick(values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}

/** Everybody who was ever proposed, so that those who are added can join. */
const invited: Joiner[] = [];

function invite(pick: Pick, settings = pick(3) === 0 ? knowing : able): Joiner {
  const newcomer = joiner(party(`guest ${invited.length}`, settings));
  invited.push(newcomer);
  return newcomer;
}

function again(members: readonly Peer[], pick: Pick): Proposal {
  const member = joiner(oneOf(members, pick).party);
  invited.push(member);
  return addOf(member);
}

/** Proposals that are valid by themselves, but need not fit to others. */
const anything: readonly ((members: readonly Peer[], pick: Pick) => Proposal)[] = [
  (_members, pick) => addOf(invite(pick)),
  (_members, pick) => addOf(invite(pick)),
  again,
  (_members, pick) => addOf(invited.at(-1) ?? invite(pick)),
  (members, pick) => removeOf(oneOf(members, pick)),
  (members, pick) => removeOf(oneOf(members, pick)),
  (_members, pick) => oneOf(extensionLists, pick),
  (_members, pick) => oneOf(extensionLists, pick),
  (_members, pick) => oneOf(psks, pick),
  (_members, pick) => oneOf(psks, pick),
  (_members, pick) => (pick(3) === 0 ? reinitTo(1) : oneOf(psks, pick)),
];

async function update(proposer: Peer, members: readonly Peer[], pick: Pick): Promise<void> {
  const { identity } = proposer.party;
  const other = oneOf(members, pick).party.identity;
  const identities = [
    identity,
    { ...identity, signatureKeyPair: other.signatureKeyPair },
    { ...identity, capabilities: other.capabilities },
  ];
  const message = await proposer.group.proposeUpdate(publicly, oneOf(identities, pick));
  await announce(message, ...members.filter((peer) => peer !== proposer));
}

/** What the committer adds: things that fit by themselves. */
function ownWishes(committer: Peer, members: readonly Peer[], pick: Pick): Proposal[] {
  const other = oneOf(members, pick);
  switch (pick(4)) {
    case 0:
      return [addOf(invite(pick, able))];
    case 1:
      return other === committer ? [] : [removeOf(other)];
    case 2:
      return psks.slice(0, 1);
    default:
      return [];
  }
}

/** Requires that no Add, Remove or pre-shared key was left out that would have fitted. */
function expectNothingLeftOut({ group }: Peer, own: ProposalList, psksKnown = knownPsks): void {
  const { state } = group;
  const store = pskStoreOf(state, psksKnown);
  const selected = selectProposals(state, own, { psks: store, newIdentity: undefined });
  const kinds: readonly number[] = [ProposalType.add, ProposalType.remove, ProposalType.psk];
  const dropped = state.proposals.filter(
    (listed) => kinds.includes(listed.proposal.proposalType) && !selected.includes(listed),
  );
  for (const listed of dropped) {
    expect(() => {
      const list = [...selected, listed, ...own];
      validateMemberList(list, state.ownLeafIndex);
      const applied = applyProposals(list, state);
      validateResult(applied);
      findPsks(applied.psks, store);
    }).toThrow(expect.objectContaining({ name: 'MlsError' }));
  }
}

/** Lets those join who were added; gives the members of the new epoch. */
async function welcomeAll(
  members: readonly Peer[],
  {
    staged,
    welcome,
  }: { readonly staged: StagedCommit; readonly welcome: Parameters<typeof join>[1] | undefined },
): Promise<Peer[]> {
  const all = members.filter(({ group }) => group.state.status.kind !== 'removed');
  for (const { leafNode } of staged.effects.added) {
    const newcomer = invited.find(({ keyPackage }) =>
      equal(keyPackage.keyPackage.leafNode.encryptionKey, leafNode.encryptionKey),
    );
    if (newcomer === undefined || welcome === undefined) throw new Error('an invited client expected');
    all.push(await join(newcomer, welcome));
  }
  return all;
}

async function round(members: readonly Peer[], pick: Pick): Promise<Peer[]> {
  for (let count = pick(6); count > 0; count--) {
    const proposer = oneOf(members, pick);
    if (pick(4) === 0) await update(proposer, members, pick);
    else await spread(proposer, members, oneOf(anything, pick)(members, pick));
  }
  const committer = oneOf(members, pick);
  const proposals = ownWishes(committer, members, pick);
  const sender = { senderType: 1, leafIndex: committer.group.state.ownLeafIndex } as const;
  expectNothingLeftOut(
    committer,
    proposals.map((proposal) => ({ proposal, sender, reference: undefined })),
  );
  const { message, welcome, staged } = await committer.group.commit({ proposals, forcePath: pick(2) === 0 });
  for (const peer of members) if (peer !== committer) await follow(peer, message);
  committer.group.keep(staged);
  const invitation = welcome && { wireFormat: WireFormat.welcome, welcome };
  const all = await welcomeAll(members, { staged, welcome: invitation });
  expectAgreement(all);
  return all;
}

/** Keeps the group going: a new one after its end, at most nine members. */
async function between(members: readonly Peer[]): Promise<readonly Peer[]> {
  const [first] = members;
  if (first?.group.state.status.kind !== 'active' || members.length < 2) {
    return groupOf(['alice', 'bob', 'carol', 'dora'], able);
  }
  if (members.length <= 9) return members;
  const { message, staged } = await first.group.commit({ proposals: members.slice(9).map(removeOf) });
  for (const peer of members.slice(1)) await follow(peer, message);
  first.group.keep(staged);
  return members.slice(0, 9);
}

describe('whatever valid proposals are cached', () => {
  it.each([1, 2, 3, 4])(
    'a committer makes a commit that everybody accepts, 50 times with seed %i [R12.2-01, R12.2-06, R12.4-06]',
    async (seed) => {
      const pick = choices(seed);
      invited.length = 0;
      let members: readonly Peer[] = [];
      for (let count = 0; count < 50; count++) {
        members = await round(await between(members), pick);
      }
      await expectConversation((await between(members)).slice(0, 4));
    },
  );
});
