/**
 * The reasons of services in few letters.
 *
 * @module
 */

/** Gives a value of an enumeration of the API without the prefix that all its values have: `CODE_USED`. */
export function reasonWord(value: string, prefix: string): string {
  return value.startsWith(prefix) ? value.slice(prefix.length) : value;
}
