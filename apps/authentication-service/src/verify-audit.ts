/**
 * Says whether the chain of hashes of an exported audit log holds:
 * `node verify-audit.ts [<file>] [--noted <hash>]`, from standard input when there is no file. Ends with 1 when it does not.
 *
 * @module
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { describeVerdict, verifyAuditLines } from './rules/audit-export.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { noted: { type: 'string' } },
});
const [file] = positionals;
const input = file === undefined ? process.stdin : createReadStream(file);
const verdict = await verifyAuditLines(createInterface({ input, crlfDelay: Infinity }), values.noted);
process.stdout.write(`${describeVerdict(verdict)}\n`);
process.exitCode = verdict.holds ? 0 : 1;
