import { describe, expect, it } from '@jest/globals';
import { StorageError } from '../../src/index.ts';
import { AuditTip, type RecordedAnswer } from '../../src/redis/audit-tip.ts';
import { loadScript } from '../../src/redis/script.ts';
import { named } from '../bench.ts';

const script = loadScript('registry-append-audit', 'registry-audit');

/** A log on a server that keeps time: only what is asked for at the end of the log is appended. */
function newLog(): {
  readonly tip: AuditTip;
  /** How many scripts the server ran. */
  readonly runs: () => number;
  readonly breakDown: () => void;
} {
  const log: Buffer[] = [];
  let [runs, isAway] = [0, false];
  const run = async (_: unknown, call: { readonly arguments: readonly (string | Uint8Array)[] }) => {
    runs += 1;
    await new Promise(setImmediate);
    if (isAway) throw new StorageError('UNAVAILABLE', 'away');
    const [length, , hash] = call.arguments;
    if (Number(length) !== log.length)
      return [Buffer.from('auditMoved'), Buffer.from(String(log.length)), log.at(-1) ?? Buffer.alloc(0)];
    log.push(Buffer.from(hash ?? ''));
    return [Buffer.from('appended')];
  };
  return { tip: new AuditTip({ run }, 'log'), runs: () => runs, breakDown: () => void (isAway = true) };
}

function append(tip: AuditTip, name: string): Promise<RecordedAnswer> {
  return tip.record({ script, keys: [], arguments: [], entry: named(name), recorded: 'appended' });
}

describe('steps of one process that are recorded', () => {
  it('take one script each, however many are asked for at once', async () => {
    const { tip, runs } = newLog();
    const names = Array.from({ length: 300 }, (_, i) => `entry ${i}`);
    const answers = await Promise.all(names.map((name) => append(tip, name)));
    expect(answers.map(({ record }) => record.sequence)).toEqual(names.map((_, i) => BigInt(i + 1)));
    expect(runs()).toBe(300);
  });

  it('do not wait one after the other for a store that is away', async () => {
    const { tip, runs, breakDown } = newLog();
    await append(tip, 'first');
    breakDown();
    const answers = await Promise.allSettled(['a', 'b', 'c'].map((name) => append(tip, name)));
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(runs()).toBe(2);
  });
});
