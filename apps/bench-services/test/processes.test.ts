import { describe, expect, it } from '@jest/globals';
import { start } from '../src/processes/child-process.ts';
import { cpuTimeOf, parseCpuTime } from '../src/processes/cpu-time.ts';

describe('the processor time of a process', () => {
  it('is the sum of its user and its system time, whatever the program is called', () => {
    const stat = '4711 (a) b (c) S 1 4711 4711 0 -1 4194560 100 0 0 0 250 50 7 7 20 0 11 0 12345 1000 100';
    expect(parseCpuTime(stat)).toBe(3_000_000);
  });

  it('is refused where it cannot be read', () => {
    expect(() => parseCpuTime('nothing')).toThrow('unreadable');
  });

  it('grows with work', () => {
    const before = cpuTimeOf(process.pid);
    const { user, system } = process.cpuUsage();
    expect(before).toBeGreaterThan(0);
    // The kernel's ticks are coarse.
    expect(Math.abs(before - user - system)).toBeLessThan(500_000);
  });
});

describe('a process of a run', () => {
  it('says a line that is waited for, and ends when it is told to', async () => {
    const script = 'setInterval(() => {}, 1000); console.log("ready 7")';
    const child = start({ name: 'child', command: process.execPath, parameters: ['-e', script] });
    expect(await child.line((line) => /^ready (\d)$/.exec(line)?.[1])).toBe('7');
    await child.end();
    expect(child.process.signalCode).toBe('SIGTERM');
  });

  it('that dies tells whoever waits for it what it complained of', async () => {
    const script = 'console.error("no such file"); process.exit(3)';
    const child = start({ name: 'child', command: process.execPath, parameters: ['-e', script] });
    await expect(child.line(() => undefined)).rejects.toThrow('child ended: no such file');
  });
});
