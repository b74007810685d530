/**
 * Which slot of a cluster a key belongs to (Redis Cluster specification, "Key distribution model").
 *
 * @module
 */

/** How many slots a cluster has. */
export const SLOTS = 16_384;

const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc;
});

/** Finds the slot of a key, 0 to 16383. */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(hashTag(key)))
    crc = ((crc << 8) & 0xffff) ^ (CRC16[((crc >> 8) ^ byte) & 0xff] ?? 0);
  return crc % SLOTS;
}

/** Finds the part of a key that decides the slot: what is in the first braces, or all of it. */
export function hashTag(key: string): string {
  const open = key.indexOf('{');
  const close = key.indexOf('}', open + 1);
  return open === -1 || close <= open + 1 ? key : key.slice(open + 1, close);
}
