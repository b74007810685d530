import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callUnary, connect, directory } from '@canopy/contract';
import { afterEach, describe, expect, it } from '@jest/globals';

interface LogLine {
  readonly event?: string;
  readonly port?: number;
}

let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
});

/** Starts the process and gives a function that waits for the log line of an event. */
function start(environment: NodeJS.ProcessEnv): {
  process: ChildProcess;
  event(name: string): Promise<LogLine>;
  exit: Promise<unknown[]>;
  complaints: Promise<string>;
} {
  const script = join(import.meta.dirname, 'service-process.ts');
  const started = spawn(process.execPath, [script], { env: { ...process.env, ...environment } });
  child = started;
  const lines: LogLine[] = [];
  const waiting = new Map<string, (line: LogLine) => void>();
  createInterface(started.stdout).on('line', (line) => {
    const parsed: LogLine = JSON.parse(line);
    lines.push(parsed);
    waiting.get(parsed.event ?? '')?.(parsed);
  });
  return {
    process: started,
    event: (name) =>
      new Promise((resolve) => {
        const seen = lines.find(({ event }) => event === name);
        if (seen === undefined) {
          waiting.set(name, resolve);
        } else {
          resolve(seen);
        }
      }),
    exit: once(started, 'exit'),
    complaints: started.stderr.toArray().then((chunks) => chunks.join('')),
  };
}

describe('a service as a process', () => {
  it('ends what runs on SIGTERM, then exits with 0', async () => {
    const service = start({});
    const { port } = await service.event('listening');
    const client = connect(directory.KeyDirectoryServiceClient, { address: `127.0.0.1:${port}` });
    const call = callUnary(client, 'countKeyPackages', {});
    await service.event('counting');
    service.process.kill('SIGTERM');
    expect((await call).counts).toHaveLength(1);
    client.close();
    expect(await service.exit).toEqual([0, null]);
  });

  it('exits with 0 when its parent lets go of standard input, if so configured', async () => {
    const service = start({ CANOPY_EXIT_WITH_PARENT: '1' });
    await service.event('listening');
    service.process.stdin?.end();
    expect(await service.exit).toEqual([0, null]);
  });

  it('tells a faulty configuration in plain words and exits with 1', async () => {
    const service = start({ CANOPY_PORT: 'http', CANOPY_LOG_LEVEL: 'loud' });
    const complaints = await service.complaints;
    expect(complaints).toContain('CANOPY_PORT is not such a value');
    expect(complaints).toContain('CANOPY_LOG_LEVEL is not one of them');
    expect(complaints).not.toContain('    at ');
    expect(await service.exit).toEqual([1, null]);
  });

  it('tells that a store is away in plain words and exits with 1', async () => {
    const service = start({ STORE_IS_AWAY: 'yes' });
    expect(await service.complaints).toBe('the store cannot be reached: connect ECONNREFUSED\n');
    expect(await service.exit).toEqual([1, null]);
  });
});
