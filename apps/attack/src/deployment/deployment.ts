/**
 * A whole deployment on this machine: replicas of the three services on one store.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICES, ServiceProcess, type ServiceName } from './service-process.ts';

/** The domain that is attacked. */
export const DOMAIN = 'example.com';

/** What a deployment is made of. */
export interface DeploymentOptions {
  /** How many processes each service has. */
  readonly replicas: number;
  /** Settings of all services: the store, limits. */
  readonly settings?: NodeJS.ProcessEnv;
}

/** Limits that an attack must not meet where it looks for something else. */
const WIDE_LIMITS = {
  CANOPY_PROOF_TOLERANCE: '1h',
  CANOPY_OUTBOX_INTERVAL: '100ms',
  CANOPY_LOG_LEVEL: 'info',
  CANOPY_MAX_STOCK: '10000',
  CANOPY_TOKEN_LIFETIME: '1h',
  CANOPY_CREDENTIALS_PER_DAY: '10000',
  CANOPY_ENROLMENTS_PER_DAY: '10000',
  CANOPY_REQUESTS_PER_DEVICE: '0',
  CANOPY_REQUESTS_PER_GROUP: '0',
  CANOPY_CLAIMS_PER_CALLER_BURST: '1000000',
  CANOPY_CLAIMS_PER_CALLER_AND_DEVICE_BURST: '1000000',
  CANOPY_CLAIMS_PER_DEVICE_BURST: '1000000',
  CANOPY_PUBLISHED_PER_DEVICE_BURST: '1000000',
};

/** The replicas of the three services. */
export class Deployment {
  /** Where the stores are, when they are files. */
  readonly folder: string = mkdtempSync(join(tmpdir(), 'canopy-attack-'));
  readonly adminSecret: string = randomBytes(32).toString('hex');
  readonly #replicas = new Map<ServiceName, readonly ServiceProcess[]>();

  private constructor() {}

  /** Starts all replicas and waits until they listen. */
  static async start({ replicas, settings = {} }: DeploymentOptions): Promise<Deployment> {
    const deployment = new Deployment();
    try {
      await deployment.#launch('authentication-service', replicas, settings);
      // A consumer knows one address, as an operator would give it a balancer's: any replica must do.
      const [authentication] = deployment.addresses('authentication-service');
      const known = { ...settings, CANOPY_AUTHENTICATION_SERVICE: authentication };
      await deployment.#launch('key-directory', replicas, known);
      await deployment.#launch('delivery-service', replicas, known);
      return deployment;
    } catch (error) {
      await deployment.stop();
      throw error;
    }
  }

  /** The replicas of a service. */
  replicas(name: ServiceName): readonly ServiceProcess[] {
    return this.#replicas.get(name) ?? [];
  }

  /** Where the replicas of a service listen. */
  addresses(name: ServiceName): readonly string[] {
    return this.replicas(name).map(({ address }) => address);
  }

  /** All replicas. */
  all(): readonly ServiceProcess[] {
    return SERVICES.flatMap((name) => this.replicas(name));
  }

  /** The file of a service's embedded store. */
  storeFile(name: ServiceName): string {
    return join(this.folder, name, `${name}.sqlite`);
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    for (const replica of this.all()) replica.signal('SIGCONT');
    await Promise.all(this.all().map((replica) => replica.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes one more replica with settings of its own, which is nobody's to start and to end but the caller's. */
  extraReplica(name: ServiceName, settings: NodeJS.ProcessEnv): ServiceProcess {
    const own = name === 'authentication-service' ? { CANOPY_ADMIN_SECRET: this.adminSecret } : {};
    return new ServiceProcess(name, {
      CANOPY_DOMAIN: DOMAIN,
      CANOPY_DATA: join(this.folder, name),
      CANOPY_EXIT_WITH_PARENT: '1',
      ...WIDE_LIMITS,
      ...own,
      ...settings,
    });
  }

  async #launch(name: ServiceName, count: number, settings: NodeJS.ProcessEnv): Promise<void> {
    const replicas = Array.from({ length: count }, () => this.extraReplica(name, settings));
    this.#replicas.set(name, replicas);
    // The first one makes the schema and the keys.
    for (const replica of replicas.slice(0, 1)) await replica.startAgain();
    await Promise.all(replicas.slice(1).map((replica) => replica.startAgain()));
  }
}
