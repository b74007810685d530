/**
 * Groups that come from other groups: after a ReInit, and branches.
 *
 * @module
 */

import type { NewSubgroup } from '@canopy/mls';
import type { Cast, Member, Transaction } from './actors.ts';
import type { CallsNamed } from './calls.ts';
import { currentLifetime } from './clients.ts';
import { infoRequest, joinByWelcome, memberOf } from './groups.ts';
import { readKeyPackage, writeTree, writeWelcome } from './wire.ts';

function founding(
  cast: Cast,
  request: {
    readonly keyPackages: readonly Uint8Array[];
    readonly forcePath: boolean;
    readonly externalTree: boolean;
  },
) {
  return {
    keyPackages: request.keyPackages.map(readKeyPackage),
    forcePath: request.forcePath,
    welcomeInfo: infoRequest(cast, request.externalTree, false),
    lifetime: currentLifetime(),
    grease: cast.grease,
  };
}

function describeSubgroup(cast: Cast, founder: Member, { welcome }: NewSubgroup, externalTree: boolean) {
  const { group } = founder;
  return {
    stateId: cast.members.add(founder),
    welcome: writeWelcome(welcome),
    ratchetTree: externalTree ? writeTree(group.state.tree) : new Uint8Array(0),
    epochAuthenticator: group.epochAuthenticator,
  };
}

async function enter(
  cast: Cast,
  old: Member,
  transaction: Transaction,
  bytes: { readonly welcome: Uint8Array; readonly ratchetTree: Uint8Array },
) {
  const how = { encryptHandshake: old.encryptHandshake, oldGroup: old.group };
  const member = await joinByWelcome(transaction, bytes, how);
  return { stateId: cast.members.add(member), epochAuthenticator: member.group.epochAuthenticator };
}

/** The calls about groups that come from other groups. */
export function subgroupCalls(
  cast: Cast,
): CallsNamed<'reInitWelcome' | 'handleReInitWelcome' | 'createBranch' | 'handleBranch'> {
  return {
    async reInitWelcome(request) {
      const { member: old, transaction } = cast.reinitializing.take(request.reinitId);
      const { suite, identity } = transaction;
      const plan = founding(cast, { ...request, keyPackages: request.keyPackage });
      const made = await old.group.reinitialize({ ...plan, suite, identity });
      const founder = memberOf(transaction, made.group, old.encryptHandshake);
      return describeSubgroup(cast, founder, made, request.externalTree);
    },
    handleReInitWelcome(request) {
      const { member, transaction } = cast.reinitializing.take(request.reinitId);
      return enter(cast, member, transaction, request);
    },
    async createBranch(request) {
      const old = cast.members.get(request.stateId);
      const { groupId, extensions } = request;
      const { identity } = old;
      const made = await old.group.branch({ ...founding(cast, request), groupId, extensions, identity });
      const founder = memberOf(old, made.group, old.encryptHandshake);
      return describeSubgroup(cast, founder, made, request.externalTree);
    },
    handleBranch(request) {
      const old = cast.members.get(request.stateId);
      return enter(cast, old, cast.transactions.get(request.transactionId), request);
    },
  };
}
