/**
 * The audit log as lines of JSON, and whether its chain of hashes holds.
 *
 * @module
 */
import { auditHash, type AuditRecord } from '@canopy/storage';

/** What became of the check of an exported log. */
export type AuditVerdict =
  | { readonly holds: true; readonly entries: number; readonly lastHash: string | undefined }
  | { readonly holds: false; readonly line: number; readonly why: string };

/** Writes an entry as a line, with the event as text that people can read. */
export function toAuditLine({ sequence, entry, hash }: AuditRecord): string {
  const text = Buffer.from(entry).toString('utf8');
  return JSON.stringify({
    sequence: sequence.toString(),
    entry: text,
    hash: Buffer.from(hash).toString('hex'),
  });
}

/**
 * Checks lines in their order, from the first entry on. A log that was cut off at its end, or that was written anew as a whole,
 * has a chain that holds: it shows only beside a hash that was noted before. `noted` is such a hash.
 */
export async function verifyAuditLines(
  lines: AsyncIterable<string> | Iterable<string>,
  noted?: string,
): Promise<AuditVerdict> {
  let [line, last]: [number, AuditRecord | undefined] = [0, undefined];
  let wanted = noted;
  for await (const text of lines) {
    line += 1;
    const record = readLine(text);
    if (record === undefined) return { holds: false, line, why: 'it is no entry of an audit log' };
    const why = faultOf(record, last);
    if (why !== undefined) return { holds: false, line, why };
    last = record;
    if (hexOf(record) === wanted) wanted = undefined;
  }
  if (wanted !== undefined) return { holds: false, line, why: NOTED_MISSING };
  const lastHash = last === undefined ? undefined : hexOf(last);
  return { holds: true, entries: line, lastHash };
}

const NOTED_MISSING = 'no entry has the hash that was noted: entries are missing, or were written anew';

function hexOf({ hash }: AuditRecord): string {
  return Buffer.from(hash).toString('hex');
}

/** Says in plain words what a verdict means. */
export function describeVerdict(verdict: AuditVerdict): string {
  if (!verdict.holds) return `The chain is broken at line ${verdict.line}: ${verdict.why}.`;
  if (verdict.lastHash === undefined) return 'The chain holds: there are no entries.';
  return (
    `The chain holds: ${verdict.entries} entries. The last hash is ${verdict.lastHash}.\n` +
    'Note it: a log that is cut off at its end shows only beside a hash that was noted before.'
  );
}

function faultOf({ sequence, entry, hash }: AuditRecord, last: AuditRecord | undefined): string | undefined {
  const expected = (last?.sequence ?? 0n) + 1n;
  if (sequence > expected) return missing(expected, sequence - 1n);
  if (sequence < expected)
    return `entry ${sequence} stands where entry ${expected} should be: entries were swapped or doubled`;
  if (Buffer.compare(auditHash(last?.hash, entry), hash) === 0) return undefined;
  const before = last === undefined ? '' : `, or the hash of entry ${last.sequence},`;
  return `entry ${sequence}${before} was altered: its hash does not follow`;
}

function missing(first: bigint, last: bigint): string {
  return first === last ? `entry ${first} is missing` : `entries ${first} to ${last} are missing`;
}

function readLine(text: string): AuditRecord | undefined {
  const value = parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { sequence, entry, hash }: Readonly<Record<string, unknown>> = { ...value };
  if (typeof entry !== 'string' || !isText(sequence, /^\d{1,20}$/) || !isText(hash, /^[0-9a-f]{64}$/))
    return undefined;
  return {
    sequence: BigInt(sequence),
    entry: new TextEncoder().encode(entry),
    hash: new Uint8Array(Buffer.from(hash, 'hex')),
  };
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
