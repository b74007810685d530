/**
 * How a library stands in the rows: its name on npm, a space, its version.
 *
 * @module
 */

/** Who stands in the rows for the floor. */
export const FLOOR = 'floor';

const CANOPY = 'canopy';
const STABLE = 'ts-mls';

/** Says whether rows are Canopy's. */
export function isCanopy(peer: string): boolean {
  return nameOf(peer) === CANOPY;
}

/** Says whether rows are those of the stable ts-mls, which `ratio` compares with. */
export function isStableTsMls(peer: string): boolean {
  return nameOf(peer) === STABLE && !versionOf(peer).includes('-');
}

/** Gives the name without its scope. */
export function shortName(peer: string): string {
  return nameOf(peer).split('/').at(-1) ?? peer;
}

/** Gives the version. */
export function versionOf(peer: string): string {
  return peer.slice(nameOf(peer).length + 1);
}

function nameOf(peer: string): string {
  return peer.split(' ', 1)[0] ?? peer;
}
