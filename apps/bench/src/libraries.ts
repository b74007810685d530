/**
 * How a library stands in the rows: its name on npm, a space, its version. Canopy and the floor have their back end, too.
 *
 * @module
 */

import type { BackEndName } from '@canopy/crypto';

/** What the back ends are called in rows and tables. */
export const backEndLabels: Readonly<Record<BackEndName, string>> = {
  node: 'node:crypto',
  sodium: 'sodium-native',
};

const FLOOR = 'floor';
const CANOPY = 'canopy';
const STABLE = 'ts-mls';

/** Who stands in the rows for the floor of a back end. */
export function floorOn(backEnd: BackEndName): string {
  return `${FLOOR} ${suffixOf(backEnd)}`;
}

/** Gives Canopy's version with its back end. */
export function versionOn(version: string, backEnd: BackEndName): string {
  return `${version} ${suffixOf(backEnd)}`;
}

/** Gives the back end of Canopy's rows and the floor's; undefined for other libraries. */
export function backEndOf(peer: string): BackEndName | undefined {
  if (peer.endsWith(` ${suffixOf('sodium')}`)) return 'sodium';
  return peer.endsWith(` ${suffixOf('node')}`) ? 'node' : undefined;
}

function suffixOf(backEnd: BackEndName): string {
  return `(${backEndLabels[backEnd]})`;
}

/** Gives the floor that rows are compared with: that of their own back end, for other libraries that of `node:crypto`. */
export function floorFor(peer: string): string {
  return floorOn(backEndOf(peer) ?? 'node');
}

/** Says whether rows are the floor's. */
export function isFloor(peer: string): boolean {
  return nameOf(peer) === FLOOR;
}

/** Says whether rows are Canopy's, on whichever back end. */
export function isCanopy(peer: string): boolean {
  return nameOf(peer) === CANOPY;
}

/** Says whether rows are those of the stable ts-mls, which `ratio` compares with. */
export function isStableTsMls(peer: string): boolean {
  return nameOf(peer) === STABLE && !versionOf(peer).includes('-');
}

/**
 * Gives the one of Canopy's rows that it has as it is installed: on `sodium-native` where that is measured, and else on
 * `node:crypto`.
 */
export function asInstalled<Row extends { readonly peer: string }>(rows: readonly Row[]): Row | undefined {
  return rows.find(({ peer }) => backEndOf(peer) === 'sodium') ?? rows[0];
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
