/**
 * What has to be true of every member at all times, looked at in depth.
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { nodesOfTree } from '@canopy/mls';
import { check, checkEqual } from '../finding.ts';
import type { Device } from './device.ts';
import { checkRecord } from './epoch-record.ts';
import { plainTreeHash } from './plain-tree-hash.ts';
import { load, store } from './storage.ts';
import type { Ghost, World } from './world.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Checks everything about a member that can be checked without changing it. */
export function checkDevice(world: World, device: Device): void {
  const { group, name, model } = device;
  if (model.status === 'removed') return;
  checkRecord(group, world.service.record(model.epoch), name);
  const { tree, groupContext } = group.state;
  checkEqual(hex(plainTreeHash(world.suite, tree)), hex(groupContext.treeHash), `${name}: tree hash`);
  checkKeys(device);
  const stored = store(group.state);
  check(equal(store(load(stored, world.suite)), stored), `${name}: stored, read and stored again`);
}

/** The member has the keys of exactly those nodes above it that count it in, and they fit (RFC 9420 §4.2). */
function checkKeys({ group, name, setting: { suite } }: Device): void {
  const { tree, keys, ownLeafIndex } = group.state;
  const nodes = nodesOfTree(tree);
  const expected = new Map([
    [2 * ownLeafIndex, hex(tree.findLeaf(ownLeafIndex)?.encryptionKey ?? new Uint8Array(0))],
  ]);
  for (const { index, node } of tree.directPath(ownLeafIndex)) {
    if (node !== undefined && !node.unmergedLeaves.includes(ownLeafIndex))
      expected.set(index, hex(node.encryptionKey));
  }
  const found = Array.from(keys, ([index, key]) => `${index}:${hex(suite.hpke.publicKeyOf(key))}`);
  const wanted = Array.from(expected, ([index, key]) => `${index}:${key}`);
  checkEqual(found.toSorted().join(' '), wanted.toSorted().join(' '), `${name}: private keys`);
  check(nodes.at(-1) !== undefined, `${name}: the tree does not end with a blank node`);
}

/** Nobody who is out has a private key of a node that stands in the tree. */
export function checkGhosts(world: World): void {
  const [device] = world.active.filter(({ model }) => model.epoch === world.service.epoch);
  if (device === undefined) return;
  const publicKeys = new Set(
    nodesOfTree(device.group.state.tree).flatMap((node) =>
      node === undefined
        ? []
        : [hex(node.nodeType === 1 ? node.leafNode.encryptionKey : node.parentNode.encryptionKey)],
    ),
  );
  for (const ghost of world.ghosts) checkGhost(world, ghost, publicKeys);
}

function checkGhost(
  { suite, service }: World,
  { name, stored, outSince }: Ghost,
  publicKeys: ReadonlySet<string>,
): void {
  if (service.epoch < outSince) return;
  for (const key of load(stored, suite).keys.values()) {
    check(
      !publicKeys.has(hex(suite.hpke.publicKeyOf(key))),
      `${name} is out and has the key of a node of the tree`,
    );
  }
}
