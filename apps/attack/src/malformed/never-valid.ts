/**
 * Fields whose generated value must not be valid by chance: the request would be a good one, and would rightly change something.
 *
 * A new call that changes something for whoever asks needs a line here; the comparison of the stores says so.
 *
 * @module
 */

interface Rule {
  readonly why: string;
  spoil(value: Uint8Array | bigint): Uint8Array | bigint;
}

/** No name, id or key of this contract ends so, and none of a fixed length is so long. */
const SPOILT = Buffer.from('/ \n');

function spoilBytes(value: Uint8Array | bigint): Uint8Array | bigint {
  return typeof value === 'bigint' ? value : Buffer.concat([value, SPOILT]);
}

const RULES: Readonly<Record<string, Rule>> = {
  'canopy.delivery.v1.CreateGroupRequest.access_key': {
    why: 'any 32 bytes are an Ed25519 key: whoever has a token may open a group',
    spoil: (value) => (typeof value === 'bigint' || value.length !== 32 ? value : value.subarray(1)),
  },
  'canopy.delivery.v1.AcknowledgeMailboxRequest.up_to_sequence': {
    why: 'any number is a good cursor of one’s own mailbox',
    spoil: () => 0n,
  },
  'canopy.directory.v1.ClaimKeyPackagesRequest.request_id': {
    why: 'a claim of 16 bytes that names nobody is a good one, and is remembered',
    spoil: (value) => (typeof value === 'bigint' || value.length !== 16 ? value : value.subarray(1)),
  },
  'canopy.authentication.v1.CreateEnrolmentCodeRequest.user_name': {
    why: 'an administrator may make a code for any good name',
    spoil: spoilBytes,
  },
};

/** Gives a value for a field, and never one that is good there. */
export function never<T extends Uint8Array | bigint>(path: string, value: T): T;
export function never(path: string, value: Uint8Array | bigint): Uint8Array | bigint {
  return RULES[path]?.spoil(value) ?? value;
}
