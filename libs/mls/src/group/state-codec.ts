/**
 * A member's whole state as one value, for who wants to keep it, copy it or compare it in one piece. Its size goes with
 * the group: what is stored after every message are records (see records/).
 *
 * @module
 */

import { decode, encode, opaque, struct, uint8, vector } from '@canopy/codec';
import { readState } from './records/read-state.ts';
import { STATE_VERSION } from './records/record.ts';
import { recordsOf } from './records/record-changes.ts';
import { requireVersion } from './records/stored-parts.ts';
import type { GroupState } from './state.ts';

const StoredState = struct({
  version: uint8,
  records: vector(struct({ key: opaque, value: opaque })),
});

/** Encodes a state: equal states give equal bytes. They hold all of the member's secrets. */
export function encodeState(state: GroupState): Uint8Array {
  const records = recordsOf(state)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value }) => ({ key: new TextEncoder().encode(key), value }));
  return encode(StoredState, { version: STATE_VERSION, records });
}

/** Reads an encoded state. @throws MlsError UNSUPPORTED_STATE_VERSION, INVALID_STATE; CodecError */
export function decodeState(bytes: Uint8Array): GroupState {
  requireVersion(bytes[0]);
  const { records } = decode(StoredState, bytes);
  const texts = new TextDecoder();
  return readState(records.map(({ key, value }) => ({ key: texts.decode(key), value })));
}
