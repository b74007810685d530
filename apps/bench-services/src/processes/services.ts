/**
 * The three services on one store, and the no-op service beside them, each a process on a free loopback port.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Registrar } from '../scene/enrol.ts';
import { start, type Child } from './child-process.ts';

/** A service that listens. */
export interface Service {
  readonly address: string;
  readonly pid: number;
}

/** What is measured. */
export interface Services {
  readonly registrar: Registrar;
  readonly authentication: Service;
  readonly directory: Service;
  readonly delivery: Service;
  readonly noOp: Service;
  /** Ends all and removes what they kept. */
  end(): Promise<void>;
}

/** The store of a run. */
export type Store = { readonly kind: 'sqlite' } | { readonly kind: 'redis'; readonly url: string };

/** How the services are started. */
export interface ServicesOptions {
  readonly store: Store;
  /** A folder for V8's profiles of the services, for those who ask for them. */
  readonly profiles?: string | undefined;
  /** Settings beside the usual ones. */
  readonly settings?: Environment;
  /** Hears every line that a service writes. */
  readonly hear?: (line: string) => void;
}

const APPS = join(import.meta.dirname, '..', '..', '..');
/** The program of the no-op service. */
export const NO_OP: string = join(import.meta.dirname, 'no-op-process.ts');

/** Limits that a load must not meet: they are not what is measured. */
const WIDE_LIMITS: Environment = {
  CANOPY_MAX_STOCK: '10000',
  CANOPY_PUBLISHED_PER_DEVICE_BURST: '1000000',
  CANOPY_PROOF_TOLERANCE: '10m',
  CANOPY_MAX_CONCURRENT_STREAMS: '4000',
  CANOPY_REQUESTS_PER_STREAM: '1024',
  CANOPY_REQUESTS_PER_DEVICE: '1000000',
  CANOPY_REQUESTS_PER_GROUP: '1000000',
  ...Object.fromEntries(
    ['CALLER', 'CALLER_AND_DEVICE', 'DEVICE'].flatMap((who) => [
      [`CANOPY_CLAIMS_PER_${who}_BURST`, '100000000'],
      [`CANOPY_CLAIMS_PER_${who}_PER_HOUR`, '100000000'],
    ]),
  ),
};

/** Starts all of them and waits until they listen. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { store, profiles } = options;
  const folder = await mkdtemp(join(tmpdir(), 'canopy-bench-'));
  const children: Child[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.end()));
    await rm(folder, { recursive: true, force: true });
  };
  const domain = `bench-${randomBytes(4).toString('hex')}.example`;
  const administratorSecret = randomBytes(32).toString('hex');
  const launch = async (name: string, program: string, own: Environment = {}): Promise<Service> => {
    const environment = {
      ...(store.kind === 'sqlite'
        ? { CANOPY_STORE: 'sqlite', CANOPY_DATA: join(folder, name) }
        : { CANOPY_STORE: 'redis', CANOPY_REDIS_URLS: store.url }),
      CANOPY_DOMAIN: domain,
      CANOPY_PORT: '0',
      CANOPY_LOG_LEVEL: 'info',
      CANOPY_EXIT_WITH_PARENT: '1',
      ...WIDE_LIMITS,
      ...options.settings,
      ...own,
    };
    const child = startProgram({ name, program, environment, profiles });
    children.push(child);
    child.hear(options.hear ?? (() => {}));
    return listening(child);
  };
  try {
    const noOp = await launch('no-op', NO_OP);
    const administrator = { CANOPY_ADMIN_SECRET: administratorSecret };
    const authentication = await launch(
      'authentication-service',
      main('authentication-service'),
      administrator,
    );
    const peer = { CANOPY_AUTHENTICATION_SERVICE: authentication.address };
    const directory = await launch('key-directory', main('key-directory'), peer);
    const delivery = await launch('delivery-service', main('delivery-service'), peer);
    const registrar = { address: authentication.address, domain, administratorSecret };
    return { registrar, authentication, directory, delivery, noOp, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** A program of ours, and what it is told. */
interface ProgramOptions {
  readonly name: string;
  readonly program: string;
  readonly environment: Environment;
  readonly profiles: string | undefined;
}

function startProgram({ name, program, environment, profiles }: ProgramOptions): Child {
  const profiling =
    profiles === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`];
  const parameters = ['--disable-warning=ExperimentalWarning', ...profiling, program];
  return start({ name, command: process.execPath, parameters, environment });
}

/** Waits until a service listens. */
export async function listening(child: Child): Promise<Service> {
  const port = await child.line(listeningPort);
  return { address: `127.0.0.1:${port}`, pid: child.pid };
}

function main(name: string): string {
  return join(APPS, name, 'src', 'main.ts');
}

type Environment = Readonly<Record<string, string>>;

/** Finds the port in the log line of a service that is up. */
function listeningPort(line: string): number | undefined {
  if (!line.startsWith('{')) return undefined;
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== 'object' || entry === null) return undefined;
  const port: unknown = Reflect.get(entry, 'port');
  return Reflect.get(entry, 'event') === 'listening' && typeof port === 'number' ? port : undefined;
}
