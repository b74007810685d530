/*
 * The index arithmetic of RFC 9420, Appendix C, as it is written there, on integers without a size.
 */

/** The height of a node above the leaves. */
export function level(node: bigint): bigint {
  let height = 0n;
  while (((node >> height) & 1n) === 1n) height++;
  return height;
}

/** The root of a tree with this many leaves. */
export function root(leaves: bigint): bigint {
  const width = 2n * (leaves - 1n) + 1n;
  let exponent = 0n;
  while (width >> (exponent + 1n) !== 0n) exponent++;
  return (1n << exponent) - 1n;
}

/** The left child; a leaf has none. */
export function left(node: bigint): bigint | undefined {
  const height = level(node);
  return height === 0n ? undefined : node ^ (1n << (height - 1n));
}

/** The right child; a leaf has none. */
export function right(node: bigint): bigint | undefined {
  const height = level(node);
  return height === 0n ? undefined : node ^ (3n << (height - 1n));
}

/** The parent; the root has none. */
export function parent(node: bigint, leaves: bigint): bigint | undefined {
  if (node === root(leaves)) return undefined;
  const height = level(node);
  const bit = (node >> (height + 1n)) & 1n;
  return (node | (1n << height)) ^ (bit << (height + 1n));
}

/** The other child of the parent; the root has none. */
export function sibling(node: bigint, leaves: bigint): bigint | undefined {
  const above = parent(node, leaves);
  if (above === undefined) return undefined;
  return node < above ? right(above) : left(above);
}

/** The nodes above a node, up to the root. */
export function directPath(node: bigint, leaves: bigint): bigint[] {
  const path: bigint[] = [];
  for (let above = parent(node, leaves); above !== undefined; above = parent(above, leaves)) path.push(above);
  return path;
}

/** The lowest node that is on the direct path of both leaves, themselves included. */
export function commonAncestor(a: bigint, b: bigint, leaves: bigint): bigint {
  const above = new Set([2n * b, ...directPath(2n * b, leaves)]);
  const found = [2n * a, ...directPath(2n * a, leaves)].find((node) => above.has(node));
  if (found === undefined) throw new Error('two leaves of one tree expected');
  return found;
}
