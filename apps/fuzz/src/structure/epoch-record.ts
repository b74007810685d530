/**
 * What all members of an epoch have to agree on (RFC 9420 §8.1, §8.5, §8.7).
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { GroupContext, type Group } from '@canopy/mls';
import { checkEqual } from '../finding.ts';
import { nameIn } from './client.ts';

/** What all members of an epoch have to agree on, as text. */
export interface EpochRecord {
  readonly epoch: bigint;
  /** Tree hash, confirmed transcript hash and extensions among it. */
  readonly context: string;
  readonly authenticator: string;
  readonly exported: string;
  /** Leaf and name of each member. */
  readonly roster: string;
  readonly names: ReadonlySet<string>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Notes what a member knows of its epoch. */
export function recordOf(group: Group): EpochRecord {
  const members = Array.from(group.members(), ({ leafIndex, leafNode }) => ({
    leafIndex,
    name: nameIn(leafNode.credential),
  }));
  const context = encode(GroupContext, group.state.groupContext);
  return {
    epoch: group.epoch,
    context: hex(context),
    authenticator: hex(group.epochAuthenticator),
    exported: hex(group.exportSecret({ label: 'fuzz', context, length: 24 })),
    roster: members.map(({ leafIndex, name }) => `${leafIndex}:${name}`).join(' '),
    names: new Set(members.map(({ name }) => name)),
  };
}

/** Requires that a member knows of its epoch what its maker knew. */
export function checkRecord(group: Group, expected: EpochRecord, who: string): void {
  const found = recordOf(group);
  const where = `${who} in epoch ${expected.epoch}`;
  checkEqual(found.epoch, expected.epoch, `${where}: epoch`);
  checkEqual(found.roster, expected.roster, `${where}: members`);
  checkEqual(found.context, expected.context, `${where}: group context`);
  checkEqual(found.authenticator, expected.authenticator, `${where}: epoch authenticator`);
  checkEqual(found.exported, expected.exported, `${where}: exported secret`);
}
