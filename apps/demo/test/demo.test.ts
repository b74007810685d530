import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');

interface Outcome {
  readonly code: number;
  readonly output: string;
}

async function run(...parameters: readonly string[]): Promise<Outcome> {
  try {
    const options = { maxBuffer: 10_000_000 };
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...parameters], options);
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = Object(error);
    return { code: Number(code), output: `${stdout}${stderr}` };
  }
}

describe('npm run demo', () => {
  it('plays the whole story in separate processes and leaves none behind', async () => {
    const { code, output } = await run();
    // The output comes with a failure, so that it tells what went wrong.
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining('Everything as it should be'),
    });
    for (const part of [
      'Carol starts again from her state file and has missed nothing',
      'Bob can neither read nor send any more',
      'the delivery service refuses what he sends with it',
      '3 members, 3 leaves, one epoch authenticator',
    ]) {
      expect(output).toContain(part);
    }
  }, 180_000);

  it('explains itself and refuses what it does not understand', async () => {
    expect(await run('--help')).toEqual({ code: 0, output: expect.stringContaining('--members N') });
    const refused = await run('--members', 'three');
    expect(refused.code).toBe(2);
    expect(refused.output).toContain('--members expects a whole number from 4 to 200, found three');
  });
});
