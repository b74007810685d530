/**
 * Bytes as the names that people and maps can use.
 *
 * @module
 */

/** Writes bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
