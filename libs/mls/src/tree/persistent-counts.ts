/**
 * A map of counters whose older versions stay readable; the newest one reads at the speed of a plain Map.
 *
 * One Map is shared by all versions. The version that was read last owns it; each older one knows how it differs from
 * the next. Reading another version moves the ownership there, at the cost of the differences between.
 *
 * @module
 */

type Delta = ReadonlyMap<string, number>;
type Home =
  | { readonly kind: 'owner'; readonly counts: Map<string, number> }
  | { readonly kind: 'differs'; readonly from: PersistentCounts; readonly by: Delta };

/** An immutable multiset of strings. */
export class PersistentCounts {
  #home: Home;

  private constructor(home: Home) {
    this.#home = home;
  }

  /** Makes a version that has nothing to do with any other. */
  static from(counts: Map<string, number>): PersistentCounts {
    return new PersistentCounts({ kind: 'owner', counts });
  }

  /** Gives how often a string occurs. */
  get(key: string): number {
    return this.#own().get(key) ?? 0;
  }

  /** Makes the next version, in which each count is changed by the delta. */
  changedBy(delta: Delta): PersistentCounts {
    const counts = this.#own();
    const next = new PersistentCounts({ kind: 'owner', counts });
    this.#home = { kind: 'differs', from: next, by: applyDelta(counts, delta) };
    return next;
  }

  #own(): Map<string, number> {
    const chain: PersistentCounts[] = [];
    let home = this.#home;
    if (home.kind === 'differs') chain.push(this);
    while (home.kind === 'differs') {
      const { from } = home;
      home = from.#home;
      if (home.kind === 'differs') chain.push(from);
    }
    let { counts } = home;
    // The one nearest to the owner first, so that each takes over from a neighbour: no recursion, however long the chain.
    for (const version of chain.toReversed()) counts = version.#takeOver();
    return counts;
  }

  #takeOver(): Map<string, number> {
    if (this.#home.kind === 'owner') return this.#home.counts;
    const { from, by } = this.#home;
    const counts = from.#own();
    from.#home = { kind: 'differs', from: this, by: applyDelta(counts, by) };
    this.#home = { kind: 'owner', counts };
    return counts;
  }
}

/** Changes the counts and gives the delta that would undo it. */
function applyDelta(counts: Map<string, number>, delta: Delta): Delta {
  const undo = new Map<string, number>();
  for (const [key, change] of delta) {
    if (change === 0) continue;
    const count = (counts.get(key) ?? 0) + change;
    if (count === 0) counts.delete(key);
    else counts.set(key, count);
    undo.set(key, -change);
  }
  return undo;
}
