/**
 * A member goes on to the next epoch, with its own commit or somebody else's.
 *
 * @module
 */

import { check } from '../finding.ts';
import type { Device, OpenCommit } from './device.ts';
import { checkRecord } from './epoch-record.ts';
import { store } from './storage.ts';
import type { World } from './world.ts';

/** Lets a member keep a commit that the service has taken. */
export function adoptCommit(world: World, device: Device, commit: OpenCommit): void {
  const loser = device.own === commit ? undefined : device.own;
  const dropsFirst = world.choices.chance(50);
  const before = commit.staged.effects.selfRemoved ? store(device.group.state) : undefined;
  if (loser !== undefined && dropsFirst) device.group.drop(loser.staged);
  device.adopt(commit);
  if (loser !== undefined && !dropsFirst) device.group.drop(loser.staged);
  device.own = undefined;
  device.held = undefined;
  world.note(`${device.name} is in epoch ${device.model.epoch}${before === undefined ? '' : ', and out'}`);
  if (before !== undefined) {
    world.haunt({ name: device.name, stored: before, outSince: commit.envelope.epoch + 1n });
    checkGone(device);
    return;
  }
  checkRecord(device.group, world.service.record(device.model.epoch), device.name);
  checkIdentity(device);
  device.retryWaiting();
}

/** The leaf has one of the client's keys, and the state the private key that belongs to it. */
function checkIdentity({ group, setting: { client, suite }, name }: Device): void {
  const { tree, ownLeafIndex, signaturePrivateKey } = group.state;
  const leaf = tree.findLeaf(ownLeafIndex);
  check(leaf !== undefined, `${name} has a leaf`);
  if (leaf === undefined) return;
  check(client.settle(leaf.signatureKey), `${name}: the signature key of its leaf is its own`);
  const publicKey = suite.signature.publicKeyOf(signaturePrivateKey);
  check(Buffer.compare(publicKey, leaf.signatureKey) === 0, `${name}: the signature keys are a pair`);
}

/** Somebody who is out has nothing left of the group's secrets. */
function checkGone({ group, name }: Device): void {
  const { keys, secrets, pastEpochs, resumptionPsks, pendingUpdates, secretTree } = group.state;
  const left = [keys.size, pastEpochs.length, resumptionPsks.length, pendingUpdates.length];
  const { nodes, ratchets } = secretTree.state;
  check(
    [...left, nodes.length, ratchets.length].every((count) => count === 0),
    `${name} is out and has keys`,
  );
  const isWiped = Object.values(secrets).every((secret: Uint8Array) => secret.every((byte) => byte === 0));
  check(isWiped, `${name} is out and has secrets`);
}

/** A member is told that its commit was not taken. */
export function hearRefusal(world: World, device: Device): void {
  const { own } = device;
  if (own === undefined || world.service.fateOf(own.envelope.id) !== 'refused') return;
  world.note(`${device.name} drops its #${own.envelope.id}`);
  device.group.drop(own.staged);
  device.own = undefined;
  device.save();
}
