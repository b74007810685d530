/**
 * Stands in this folder so that names are looked up in its node_modules, with the conditions of an import.
 *
 * @module
 */

/** Imports one of the installed libraries by its name. */
export function importPeer(name) {
  return import(name);
}
