/**
 * The way from a node of the secret tree down to one leaf, derived but not yet part of the tree (RFC 9420 §9).
 *
 * @module
 */

import { expandWithLabel, wipe, type CipherSuite } from '@canopy/crypto';
import { required } from '../errors.ts';
import { isLeaf, leftOf, nodeOfLeaf, rightOf, type LeafIndex, type NodeIndex } from '../tree/math.ts';
import type { HashRatchetState } from './hash-ratchet.ts';
import { makeRatchets, type RatchetKind, type RatchetObserver, type Ratchets } from './ratchets.ts';

/** A node with its secret. */
export interface Origin {
  readonly node: NodeIndex;
  readonly secret: Uint8Array;
}

/** What follows from a node's secret on the way to one leaf. */
export interface Branch {
  readonly leaf: LeafIndex;
  readonly origin: Origin;
  /** The secrets beside the way, of the whole tree below the origin that the leaf is not in. */
  readonly beside: readonly (readonly [NodeIndex, Uint8Array])[];
  readonly ratchets: Ratchets;
}

const LEFT = new TextEncoder().encode('left');
const RIGHT = new TextEncoder().encode('right');
const EMPTY = new Uint8Array(0);

/** Derives a branch. The origin's secret stays; what is between it and the leaf is overwritten at once. */
export function deriveBranch(
  suite: CipherSuite,
  leaf: LeafIndex,
  origin: Origin,
  observer: RatchetObserver,
): Branch {
  const beside: (readonly [NodeIndex, Uint8Array])[] = [];
  let at = origin;
  while (!isLeaf(at.node)) {
    const { on, off } = split(suite, at, nodeOfLeaf(leaf));
    beside.push([off.node, off.secret]);
    if (at !== origin) wipe(at.secret);
    at = on;
  }
  const state = (kind: RatchetKind): HashRatchetState => ({
    secret: expandWithLabel(suite, at.secret, { label: kind, context: EMPTY, length: suite.kdf.size }),
    generation: 0,
    skipped: [],
  });
  const states = { handshake: state('handshake'), application: state('application') };
  if (at !== origin) wipe(at.secret);
  return { leaf, origin, beside, ratchets: makeRatchets(suite, states, observer) };
}

/** Overwrites a branch that does not become part of the tree. */
export function discardBranch({ beside, ratchets }: Branch): void {
  for (const [, secret] of beside) wipe(secret);
  ratchets.handshake.wipe();
  ratchets.application.wipe();
}

function split(
  suite: CipherSuite,
  { node, secret }: Origin,
  target: NodeIndex,
): { readonly on: Origin; readonly off: Origin } {
  const child = (context: Uint8Array, index: NodeIndex | undefined): Origin => ({
    node: required(index, 'the child of a parent'),
    secret: expandWithLabel(suite, secret, { label: 'tree', context, length: suite.kdf.size }),
  });
  const [left, right] = [child(LEFT, leftOf(node)), child(RIGHT, rightOf(node))];
  return target < node ? { on: left, off: right } : { on: right, off: left };
}
