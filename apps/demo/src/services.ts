/**
 * The three services, each a process on a free loopback port with a data folder of its own.
 *
 * @module
 */

import { join } from 'node:path';
import type { Children } from './child-process.ts';

/** Where the services listen. */
export interface Addresses {
  readonly authentication: string;
  readonly directory: string;
  readonly delivery: string;
}

/** The domain that the demo plays in. */
export const DOMAIN = 'demo.example';

const START_MS = 30_000;

/** Starts the three services and waits until each listens. */
export async function startServices(
  children: Children,
  folder: string,
  administratorSecret: string,
): Promise<Addresses> {
  const start = (name: string, settings: Readonly<Record<string, string>>): Promise<string> =>
    startService(children, name, {
      CANOPY_DATA: join(folder, name),
      CANOPY_DOMAIN: DOMAIN,
      CANOPY_HOST: '127.0.0.1',
      CANOPY_PORT: '0',
      CANOPY_LOG_LEVEL: 'info',
      CANOPY_EXIT_WITH_PARENT: '1',
      ...settings,
    });
  const authentication = await start('authentication-service', { CANOPY_ADMIN_SECRET: administratorSecret });
  const settings = { CANOPY_AUTHENTICATION_SERVICE: authentication };
  const [directory, delivery] = await Promise.all([
    start('key-directory', settings),
    start('delivery-service', settings),
  ]);
  return { authentication, directory, delivery };
}

function startService(
  children: Children,
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const file = join(import.meta.dirname, '..', '..', name, 'src', 'main.ts');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = children.start(name, file, environment, (line) => {
    const port = listeningPort(line);
    if (port !== undefined) resolve(`127.0.0.1:${port}`);
  });
  const fail = (why: string): void => reject(new Error(`${name} ${why}: ${child.complaints.join('\n')}`));
  const timer = setTimeout(() => fail('does not listen'), START_MS);
  child.ended.then(
    () => fail('ended'),
    () => fail('failed'),
  );
  return promise.finally(() => clearTimeout(timer));
}

/** Finds the port in the log line of a service that is up. */
function listeningPort(line: string): number | undefined {
  if (!line.startsWith('{')) return undefined;
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== 'object' || entry === null) return undefined;
  const port: unknown = Reflect.get(entry, 'port');
  return Reflect.get(entry, 'event') === 'listening' && typeof port === 'number' ? port : undefined;
}
