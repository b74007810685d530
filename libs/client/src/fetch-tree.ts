/**
 * Reads a ratchet tree that travels apart, part by part (RFC 9420 §12.4.3.3).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { decode } from '@canopy/codec';
import { callUnary, delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { RatchetTreeNodes, treeFromNodes, type RatchetTree } from '@canopy/mls';
import { ClientError } from './errors.ts';
import { untilAnswered } from './service-calls.ts';
import type { Surroundings } from './surroundings.ts';

/** The largest tree that is read: about a hundred thousand members. */
const MAX_TREE_BYTES = 64n * 1024n * 1024n;

/** Names a tree of a group. */
export interface TreeQuery {
  readonly groupId: Uint8Array;
  readonly tree: delivery.TreeReference;
}

/**
 * Reads a tree; a call that fails for now is made again for the part that is missing. The hash says that the tree is the
 * one that was referred to; that it belongs to the group is for MLS to check against the signed GroupInfo.
 *
 * @throws {ClientError} TREE_REFUSED, SERVICE_REFUSED, CLOSED
 */
export async function fetchTree(query: TreeQuery, around: Surroundings): Promise<RatchetTree> {
  const { size, hash } = query.tree;
  if (size === 0n || size > MAX_TREE_BYTES) throw refused(`it would have ${size} bytes`);
  const encoded = new Uint8Array(Number(size));
  for (let offset = 0; offset < encoded.length;) {
    const part = await fetchPart(query, offset, around);
    if (part.length === 0 || part.length > encoded.length - offset) throw refused('a part has another size');
    encoded.set(part, offset);
    offset += part.length;
    around.beforeStep('tree:part');
  }
  if (!equal(createHash('sha256').update(encoded).digest(), hash)) throw refused('it has another hash');
  return treeFromNodes(decode(RatchetTreeNodes, encoded));
}

async function fetchPart(
  { groupId, tree: { epoch, hash } }: TreeQuery,
  offset: number,
  { tokens, stubs, signal }: Surroundings,
): Promise<Uint8Array> {
  const request = { groupId, epoch, hash, offset: BigInt(offset) };
  const { result } = await untilAnswered(signal, () =>
    tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'getRatchetTree', request, { metadata, signal }),
    ),
  );
  if (result?.$case === 'chunk') return result.value.bytes;
  throw refused('it is not there any more');
}

function refused(detail: string): ClientError {
  return new ClientError('TREE_REFUSED', `the ratchet tree is refused: ${detail}`, {
    reason: 'TREE_REFUSED',
  });
}
