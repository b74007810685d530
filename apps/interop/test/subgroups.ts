import { callUnary } from '@canopy/contract';
import { expect } from '@jest/globals';

import { hex, type Actor, type Stage } from './stage.ts';

/** A member between two groups. */
interface Waiting {
  readonly reinitId: number;
  readonly keyPackage: Uint8Array;
}

const waiting = new WeakMap<Actor, Waiting>();

function waitingOf(actor: Actor): Waiting {
  const found = waiting.get(actor);
  if (found === undefined) throw new Error(`${actor.name} waits for nothing`);
  return found;
}

/** Lets somebody commit a ReInit that the others follow. */
export async function endWithReInit(
  committer: Actor,
  members: readonly Actor[],
  proposal: Uint8Array,
): Promise<void> {
  const { client, stateId } = committer;
  const { commit } = await callUnary(client, 'reInitCommit', {
    stateId,
    byReference: [proposal],
    byValue: [],
    forcePath: false,
    externalTree: false,
  });
  const kept = await callUnary(client, 'handlePendingReInitCommit', { stateId });
  waiting.set(committer, kept);
  for (const member of members) {
    const request = { stateId: member.stateId, proposal: [proposal], commit };
    const followed = await callUnary(member.client, 'handleReInitCommit', request);
    expect(hex(followed.epochAuthenticator)).toBe(hex(kept.epochAuthenticator));
    waiting.set(member, followed);
  }
}

/** Lets somebody found the group that the ReInit described, and the others enter it. */
export async function goOn(
  founder: Actor,
  others: readonly Actor[],
  { forcePath = false, externalTree = false } = {},
): Promise<void> {
  for (const actor of [founder, ...others]) await callUnary(actor.client, 'free', { stateId: actor.stateId });
  const made = await callUnary(founder.client, 'reInitWelcome', {
    reinitId: waitingOf(founder).reinitId,
    keyPackage: others.map((other) => waitingOf(other).keyPackage).toReversed(),
    forcePath,
    externalTree,
  });
  expect(made.ratchetTree.length > 0).toBe(externalTree);
  founder.stateId = made.stateId;
  for (const other of others) {
    const { welcome, ratchetTree } = made;
    const { reinitId } = waitingOf(other);
    const joined = await callUnary(other.client, 'handleReInitWelcome', { reinitId, welcome, ratchetTree });
    expect(hex(joined.epochAuthenticator)).toBe(hex(made.epochAuthenticator));
    other.stateId = joined.stateId;
  }
}

/** Lets somebody branch off with some of the others; gives everybody as they are in the new group. */
export async function branchOff(
  stage: Stage,
  founder: Actor,
  others: readonly Actor[],
  how: {
    readonly extensions?: { extensionType: number; extensionData: Uint8Array }[];
    readonly forcePath?: boolean;
    readonly externalTree?: boolean;
  } = {},
): Promise<Actor[]> {
  const { extensions = [], forcePath = false, externalTree = false } = how;
  const keyPackages: Uint8Array[] = [];
  for (const other of others) keyPackages.push(await stage.keyPackage(other));
  const { client, stateId } = founder;
  const groupId = Buffer.from(`a branch of ${founder.name}`);
  const request = { stateId, groupId, extensions, keyPackages, forcePath, externalTree };
  const made = await callUnary(client, 'createBranch', request);
  expect(made.ratchetTree.length > 0).toBe(externalTree);
  const members: Actor[] = [{ ...founder, stateId: made.stateId }];
  for (const other of others) {
    const { welcome, ratchetTree } = made;
    const entering = { stateId: other.stateId, transactionId: other.transactionId, welcome, ratchetTree };
    const joined = await callUnary(other.client, 'handleBranch', entering);
    expect(hex(joined.epochAuthenticator)).toBe(hex(made.epochAuthenticator));
    members.push({ ...other, stateId: joined.stateId });
  }
  return members;
}
