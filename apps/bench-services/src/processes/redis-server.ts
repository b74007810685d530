/**
 * A Redis of our own for a run, where there is a `redis-server` to start.
 *
 * @module
 */
import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { start } from './child-process.ts';

/** A Redis that answers. */
export interface RedisServer {
  readonly url: string;
  end(): Promise<void>;
}

/** Finds the program on the path; undefined when it is not there. */
export async function findRedisServer(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const program = join(folder, 'redis-server');
    const there = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return program;
  }
  return undefined;
}

/** Starts it on a free loopback port, with an append-only file that is synced every second, as Redis does by default. */
export async function startRedisServer(program: string): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'canopy-bench-redis-'));
  const port = await freePort();
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', ''];
  const child = start({
    name: 'redis-server',
    command: program,
    parameters: [...settings, '--appendonly', 'yes', '--appendfsync', 'everysec'],
  });
  await child.line((line) => (line.includes('Ready to accept connections') ? true : undefined));
  return {
    url: `redis://127.0.0.1:${port}`,
    async end() {
      await child.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('there is no free port');
  return address.port;
}
