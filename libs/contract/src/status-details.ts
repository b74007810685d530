/**
 * The details of a gRPC error: google.rpc.Status with ErrorInfo, BadRequest and RetryInfo, as the trailer carries it.
 *
 * @module
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { wireFields, type WireField } from './wire.ts';

/** The trailer that carries a google.rpc.Status. */
export const STATUS_DETAILS_KEY = 'grpc-status-details-bin';

/** The domain of all reasons that Canopy's services give. */
export const ERROR_DOMAIN = 'canopy';

const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';
const MAX_DETAILS_BYTES = 64 * 1024;

/** One field of a request that was refused. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** What an error says beyond its code. */
export interface StatusDetails {
  /** A stable code in capitals, unique within the domain. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  /** How long to wait before trying again. */
  readonly retryAfterMs?: number;
}

/** Encodes a google.rpc.Status. */
export function encodeStatusDetails(code: number, message: string, details: StatusDetails): Uint8Array {
  const writer = new BinaryWriter();
  writer.uint32(8).int32(code);
  writer.uint32(18).string(message);
  writeDetail(writer, 'ErrorInfo', encodeErrorInfo(details));
  if (details.fieldViolations.length > 0) {
    writeDetail(writer, 'BadRequest', encodeBadRequest(details.fieldViolations));
  }
  if (details.retryAfterMs !== undefined) {
    writeDetail(writer, 'RetryInfo', encodeRetryInfo(details.retryAfterMs));
  }
  return writer.finish();
}

/** Decodes a google.rpc.Status; undefined when the bytes are none, or have no ErrorInfo of Canopy. */
export function decodeStatusDetails(bytes: Uint8Array): StatusDetails | undefined {
  if (bytes.length > MAX_DETAILS_BYTES) {
    return undefined;
  }
  try {
    return readDetails(bytes);
  } catch {
    // A peer's malformed details are as good as none: the code of the error still counts.
    return undefined;
  }
}

function writeDetail(writer: BinaryWriter, type: string, value: Uint8Array): void {
  writer
    .uint32(26)
    .fork()
    .uint32(10)
    .string(TYPE_PREFIX + type)
    .uint32(18)
    .bytes(value)
    .join();
}

function encodeErrorInfo(details: StatusDetails): Uint8Array {
  const writer = new BinaryWriter().uint32(10).string(details.reason).uint32(18).string(ERROR_DOMAIN);
  for (const [key, value] of Object.entries(details.metadata)) {
    writer.uint32(26).fork().uint32(10).string(key).uint32(18).string(value).join();
  }
  return writer.finish();
}

function encodeBadRequest(violations: readonly FieldViolation[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { field, description } of violations) {
    writer.uint32(10).fork().uint32(10).string(field).uint32(18).string(description).join();
  }
  return writer.finish();
}

function encodeRetryInfo(retryAfterMs: number): Uint8Array {
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs - seconds * 1000) * 1_000_000);
  return new BinaryWriter()
    .uint32(10)
    .fork()
    .uint32(8)
    .int64(seconds)
    .uint32(16)
    .int32(nanos)
    .join()
    .finish();
}

function readDetails(bytes: Uint8Array): StatusDetails | undefined {
  const values = new Map<string, Uint8Array>();
  for (const any of messages(bytes, 3)) {
    values.set(text(any, 1), lastBytes(any, 2));
  }
  const info = values.get(`${TYPE_PREFIX}ErrorInfo`);
  if (info === undefined || text(info, 2) !== ERROR_DOMAIN) {
    return undefined;
  }
  const badRequest = values.get(`${TYPE_PREFIX}BadRequest`);
  const retryInfo = values.get(`${TYPE_PREFIX}RetryInfo`);
  return {
    reason: text(info, 1),
    metadata: Object.fromEntries(messages(info, 3).map((entry) => [text(entry, 1), text(entry, 2)])),
    fieldViolations: badRequest === undefined ? [] : readViolations(badRequest),
    ...(retryInfo === undefined ? {} : { retryAfterMs: readRetryInfo(retryInfo) }),
  };
}

function readViolations(badRequest: Uint8Array): readonly FieldViolation[] {
  return messages(badRequest, 1).map((violation) => ({
    field: text(violation, 1),
    description: text(violation, 2),
  }));
}

function readRetryInfo(retryInfo: Uint8Array): number {
  const duration = lastBytes(retryInfo, 1);
  const milliseconds = number(duration, 1) * 1000n + number(duration, 2) / 1_000_000n;
  return Number(BigInt.asIntN(53, milliseconds < 0n ? 0n : milliseconds));
}

function last(bytes: Uint8Array, wanted: number): WireField['value'] {
  return [...wireFields(bytes)].findLast((field) => field.number === wanted)?.value;
}

function lastBytes(bytes: Uint8Array, wanted: number): Uint8Array {
  const value = last(bytes, wanted);
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function number(bytes: Uint8Array, wanted: number): bigint {
  const value = last(bytes, wanted);
  return typeof value === 'bigint' ? BigInt.asIntN(64, value) : 0n;
}

function text(bytes: Uint8Array, wanted: number): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(lastBytes(bytes, wanted));
}

function messages(bytes: Uint8Array, wanted: number): readonly Uint8Array[] {
  return [...wireFields(bytes)].flatMap(({ number: at, value }) =>
    at === wanted && value instanceof Uint8Array ? [value] : [],
  );
}
