/**
 * Gives this device new keys in groups where it has had the same ones for long (RFC 9420 §3.2, §16.6).
 *
 * @module
 */
import { adviseOnKeys, observeKeys } from '@canopy/mls';
import type { Known } from './conversations.ts';
import type { Surroundings } from './surroundings.ts';

/** Nobody is removed for being silent: that is for the application to decide. */
const NEVER = 2n ** 63n;
/** Commits of many groups and of many devices are spread over so long. */
const SPREAD_MS = 60_000;

/** Notes the keys of a group's members, and renews the own ones if they are older than `updateAfter` seconds. */
export async function renewOldKeys(
  { replica, conversation }: Known,
  around: Surroundings,
  updateAfter: bigint,
): Promise<void> {
  const { store, options, wait, random, signal } = around;
  if (!replica.isActive || replica.fault !== undefined) return;
  const now = options.now();
  const { group, id } = replica;
  const seen = observeKeys(store.conversations.keyAges(id), group.members(), now);
  store.transaction(() => store.conversations.saveKeyAges(id, seen));
  const { ownLeafIndex } = group.state;
  const members = { ownLeafIndex, members: () => group.members() };
  if (!adviseOnKeys(seen, members, { updateAfter, removeAfter: NEVER }, now).update) return;
  await wait(random() * SPREAD_MS, signal);
  // Meanwhile another commit may have brought new keys: then there is nothing to do any more.
  const [before, after] = [group, replica.group].map(({ state }) => state.tree.findLeaf(state.ownLeafIndex));
  if (before === after) await conversation.rotateKeys();
}
