/**
 * The authentication service as a process of its own.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callUnary } from '@canopy/contract';
import { ADMIN_SECRET, connectTo, DOMAIN } from './bench.ts';

/** A line of the log. */
export interface LogLine {
  readonly event?: string;
  readonly port?: number;
}

/** A process that is up. */
export interface ServiceProcess {
  readonly clients: ReturnType<typeof connectTo>;
  readonly httpPort: number;
  readonly child: ChildProcess;
  readonly exit: Promise<unknown[]>;
  readonly lines: readonly LogLine[];
  /** Kills it and closes its clients. */
  end(): void;
}

/** Starts the service as an operator does. */
export async function startProcess(environment: NodeJS.ProcessEnv): Promise<ServiceProcess> {
  const main = join(import.meta.dirname, '../src/main.ts');
  const settings = { CANOPY_DOMAIN: DOMAIN, CANOPY_ADMIN_SECRET: ADMIN_SECRET, CANOPY_HTTP_PORT: '0' };
  const env = { ...process.env, ...settings, ...environment };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const lines: LogLine[] = [];
  const listening = Promise.withResolvers<number>();
  createInterface(child.stdout).on('line', (text) => {
    const line: LogLine = JSON.parse(text);
    lines.push(line);
    if (line.event === 'listening') listening.resolve(line.port ?? 0);
  });
  void exit.then(() => listening.reject(new Error('the service has ended')));
  const port = await listening.promise;
  const httpPort = lines.find(({ event }) => event === 'listening-http')?.port ?? 0;
  const clients = connectTo(`127.0.0.1:${port}`);
  const end = (): void => {
    clients.client.close();
    clients.admin.close();
    child.kill('SIGKILL');
  };
  return { clients, httpPort, child, exit, lines, end };
}

/** Asks a process for its key set. */
export async function jwksOf({ clients }: ServiceProcess): Promise<string> {
  return (await callUnary(clients.client, 'getJwks', {}, { waitForReady: true })).jwksJson;
}
