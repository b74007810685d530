/**
 * Requests that fit their descriptor in form but not in meaning, and damage to their bytes.
 *
 * @module
 */
import { Choices } from '../choices.ts';
import { never } from './never-valid.ts';
import type { Contracts, Field, Shape } from './descriptors.ts';
import { bytesField, tag, varint, varintField, WIRE } from './wire.ts';

const DEEPEST = 4;
const BORDERS = [
  0n,
  1n,
  2n,
  255n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
  -1n,
];
const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 64, 200, 255, 256, 5_000];
const TEXTS = [
  '',
  'a',
  '\0',
  'mimi://example.com/d/nobody/none',
  'mimi://example.com/u/nobody',
  'mimi://example.org/d/alice/1',
  'mimi://',
  'eyJhbGciOiJub25lIn0.e30.',
  'a.b.c',
  '%00%ff../..',
  'ä'.repeat(3_000),
  'x'.repeat(70_000),
];

/** Which field of bytes holds which message, since descriptors do not say. */
const BODIES: Readonly<Record<string, string>> = {
  'canopy.delivery.v1.SubmitCommitRequest.bundle': 'canopy.delivery.v1.CommitBundle',
  'canopy.delivery.v1.SendMessageRequest.message': 'canopy.delivery.v1.GroupMessage',
  'canopy.delivery.v1.ReadGroupRequest.query': 'canopy.delivery.v1.GroupQuery',
  'canopy.delivery.v1.GetGroupInfoRequest.query': 'canopy.delivery.v1.GroupQuery',
  'canopy.delivery.v1.SubscribeGroup.query': 'canopy.delivery.v1.GroupQuery',
  'canopy.delivery.v1.CreateTicketRequest.ticket': 'canopy.delivery.v1.Ticket',
  'canopy.delivery.v1.RestoreEntriesRequest.entries': 'canopy.delivery.v1.LostEntries',
};

/** Makes requests from descriptors. */
export class Generator {
  readonly #contracts: Contracts;
  readonly #choices: Choices;

  constructor(contracts: Contracts, choices: Choices) {
    this.#contracts = contracts;
    this.#choices = choices;
  }

  /** Makes a message that fits its descriptor; most of the time all fields are there. */
  message(shape: Shape, depth = 0): Buffer {
    return Buffer.concat(shape.fields.map((field) => this.#field(shape, field, depth)));
  }

  /** Makes the bytes of a request, damaged more often than not. */
  request(shape: Shape): Buffer {
    const whole = this.message(shape);
    return this.#choices.chance(35) ? whole : this.#damage(whole, shape);
  }

  #field(shape: Shape, field: Field, depth: number): Buffer {
    if (this.#choices.chance(20)) return Buffer.alloc(0);
    const times = field.repeated
      ? this.#choices.weighted([
          [5, 0],
          [5, 1],
          [5, 3],
          [1, 150],
        ] as const)
      : 1;
    return Buffer.concat(Array.from({ length: times }, () => this.#value(shape, field, depth)));
  }

  #value(shape: Shape, { name, number, type, message }: Field, depth: number): Buffer {
    const path = `${shape.name}.${name}`;
    const body = BODIES[path];
    if (message !== undefined) {
      return depth > DEEPEST ? Buffer.alloc(0) : bytesField(number, this.message(message(), depth + 1));
    }
    if (body !== undefined && this.#choices.chance(60)) {
      return bytesField(number, this.message(this.#contracts.shape(body), depth + 1));
    }
    if (type === 'TYPE_BYTES') return bytesField(number, never(path, this.#choices.bytes(this.#length())));
    if (type === 'TYPE_STRING') return bytesField(number, never(path, Buffer.from(this.#text(), 'utf8')));
    return varintField(number, this.#number(path));
  }

  #length(): number {
    return this.#choices.oneOf(LENGTHS) ?? 0;
  }

  #text(): string {
    return this.#choices.chance(70)
      ? (this.#choices.oneOf(TEXTS) ?? '')
      : Buffer.from(this.#choices.bytes(this.#choices.below(40))).toString('latin1');
  }

  #number(path: string): bigint {
    const value = this.#choices.chance(70)
      ? (this.#choices.oneOf(BORDERS) ?? 0n)
      : BigInt(this.#choices.below(200));
    return never(path, value);
  }

  /** Damages the bytes of a message, so that as protobuf it is wrong, strange or far too much. */
  #damage(bytes: Buffer, shape: Shape): Buffer {
    const damage = this.#choices.weighted<(bytes: Buffer, shape: Shape) => Buffer>([
      [15, (whole) => whole.subarray(0, this.#choices.below(whole.length + 1))],
      [15, (whole) => this.#flip(whole)],
      [10, (whole) => Buffer.concat([whole, this.#choices.bytes(1 + this.#choices.below(40))])],
      [10, () => Buffer.from(this.#choices.bytes(this.#choices.below(300)))],
      [15, (whole, of) => Buffer.concat([whole, this.#wrongWireType(of)])],
      [10, (whole, of) => Buffer.concat([whole, this.#lyingLength(of)])],
      [5, (whole) => Buffer.concat([whole, this.#deepGroups()])],
      [5, (whole, of) => Buffer.concat([whole, this.#deepMessages(of)])],
      [5, (whole, of) => Buffer.concat([whole, this.#tooMany(of)])],
      [
        5,
        (whole, of) => Buffer.concat([whole, tag(this.#numberIn(of), WIRE.varint), Buffer.alloc(11, 0xff)]),
      ],
      [
        5,
        (whole, of) =>
          Buffer.concat([whole, bytesField(this.#numberIn(of), Buffer.from([0xc3, 0x28, 0xff]))]),
      ],
    ]);
    return damage(bytes, shape);
  }

  #numberIn({ fields }: Shape): number {
    return this.#choices.oneOf(fields)?.number ?? 1;
  }

  #flip(bytes: Buffer): Buffer {
    const flipped = Buffer.from(bytes);
    const at = this.#choices.below(bytes.length);
    if (bytes.length > 0) flipped[at] = (flipped[at] ?? 0) ^ (1 << this.#choices.below(8));
    return flipped;
  }

  #wrongWireType(shape: Shape): Buffer {
    const wireType = this.#choices.oneOf([0, 1, 2, 3, 4, 5, 6, 7]) ?? 6;
    return Buffer.concat([
      tag(this.#numberIn(shape), wireType),
      this.#choices.bytes(this.#choices.below(12)),
    ]);
  }

  #lyingLength(shape: Shape): Buffer {
    const length = this.#choices.oneOf([100n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 63n]) ?? 0n;
    return Buffer.concat([tag(this.#numberIn(shape), WIRE.bytes), varint(length), this.#choices.bytes(10)]);
  }

  #deepGroups(): Buffer {
    return Buffer.alloc(1 + this.#choices.below(100_000), tag(1, WIRE.startGroup));
  }

  /** A message in a message in a message …, each by a field that its descriptor has or has not. */
  #deepMessages(shape: Shape): Buffer {
    let inner: Buffer = Buffer.alloc(0);
    const depth = 1 + this.#choices.below(500);
    for (let level = 0; level < depth; level += 1) inner = bytesField(this.#numberIn(shape), inner);
    return inner;
  }

  #tooMany(shape: Shape): Buffer {
    const one = bytesField(this.#numberIn(shape), Buffer.alloc(0));
    return Buffer.concat(Array.from({ length: 20_000 }, () => one));
  }
}
