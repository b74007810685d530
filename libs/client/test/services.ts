/**
 * The three services as processes of their own, on free ports of the loopback and a fresh folder.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { authentication, callUnary, connect } from '@canopy/contract';
import { Metadata } from '@grpc/grpc-js';
import type { ServiceAddresses, ServiceTls } from '../src/connections.ts';

const DOMAIN = 'example.com';
const APPS = fileURLToPath(new URL('../../../apps/', import.meta.url));

type ServiceName = 'authentication-service' | 'key-directory' | 'delivery-service';

/** One service as a process. */
class ServiceProcess {
  readonly #name: ServiceName;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(name: ServiceName, environment: NodeJS.ProcessEnv) {
    this.#name = name;
    this.#environment = environment;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [join(APPS, this.#name, 'src/main.ts')], {
      env: { ...this.#environment, CANOPY_PORT: String(this.#port) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const lines = createInterface(child.stdout);
    for await (const line of lines) {
      const entry: unknown = JSON.parse(line);
      if (typeof entry === 'object' && entry !== null && Reflect.get(entry, 'event') === 'listening') {
        this.#port = Number(Reflect.get(entry, 'port'));
        break;
      }
    }
    child.stdout.resume();
    if (child.exitCode !== null || this.#port === 0)
      throw new Error(`${this.#name} does not start: ${errors}`);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

/** All services of one deployment. */
export class Services {
  readonly folder = mkdtempSync(join(tmpdir(), 'canopy-client-'));
  /** What clients have to trust, when the services speak TLS. */
  readonly tls: ServiceTls;
  readonly #adminSecret = randomBytes(32).toString('hex');
  #otherDelivery: string | undefined;
  readonly #processes = new Map<ServiceName, ServiceProcess>();

  private constructor(certificate: string | undefined) {
    this.tls = certificate === undefined ? undefined : { ca: readFileSync(certificate) };
  }

  static async start(settings: NodeJS.ProcessEnv = {}): Promise<Services> {
    const services = new Services(settings['CANOPY_TLS_CERTIFICATE']);
    const authenticationService = await services.#launch('authentication-service', {
      CANOPY_ADMIN_SECRET: services.#adminSecret,
      ...settings,
    });
    const known = { CANOPY_AUTHENTICATION_SERVICE: authenticationService.address, ...settings };
    await Promise.all([
      services.#launch('key-directory', known),
      services.#launch('delivery-service', known),
    ]);
    return services;
  }

  get addresses(): ServiceAddresses {
    return {
      authentication: this.#find('authentication-service').address,
      directory: this.#find('key-directory').address,
      delivery: this.#otherDelivery ?? this.#find('delivery-service').address,
    };
  }

  /** Starts all but the Delivery Service, whose place another one takes. */
  static async startBeside(deliveryAddress: string, settings: NodeJS.ProcessEnv = {}): Promise<Services> {
    const services = new Services(undefined);
    services.#otherDelivery = deliveryAddress;
    const { address } = await services.#launch('authentication-service', {
      CANOPY_ADMIN_SECRET: services.#adminSecret,
      ...settings,
    });
    await services.#launch('key-directory', { CANOPY_AUTHENTICATION_SERVICE: address, ...settings });
    return services;
  }

  /** Makes an enrolment code for a user, as the administrator. */
  async enrolmentCode(userName: string): Promise<string> {
    const { authentication: address } = this.addresses;
    const security = this.tls === undefined ? {} : { tls: this.tls };
    const admin = connect(authentication.AuthenticationAdminServiceClient, { address, ...security });
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.#adminSecret}`);
    try {
      const { enrolmentCode } = await callUnary(admin, 'createEnrolmentCode', { userName }, { metadata });
      return enrolmentCode;
    } finally {
      admin.close();
    }
  }

  /** Revokes a device, as the administrator. */
  async revoke(device: string): Promise<void> {
    const { authentication: address } = this.addresses;
    const admin = connect(authentication.AuthenticationAdminServiceClient, { address });
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.#adminSecret}`);
    try {
      await callUnary(admin, 'revokeDevice', { device }, { metadata });
    } finally {
      admin.close();
    }
  }

  /** Starts one service again, on the same port with the same data. */
  async restart(name: ServiceName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#find(name).kill(signal);
    await this.#find(name).start();
  }

  /** Kills one service. */
  kill(name: ServiceName): Promise<void> {
    return this.#find(name).kill('SIGKILL');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((service) => service.kill('SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #launch(name: ServiceName, settings: NodeJS.ProcessEnv): Promise<ServiceProcess> {
    const service = new ServiceProcess(name, {
      CANOPY_DOMAIN: DOMAIN,
      CANOPY_DATA: join(this.folder, name),
      CANOPY_EXIT_WITH_PARENT: 'true',
      CANOPY_OUTBOX_INTERVAL: '50ms',
      ...settings,
    });
    this.#processes.set(name, service);
    await service.start();
    return service;
  }

  #find(name: ServiceName): ServiceProcess {
    const service = this.#processes.get(name);
    if (service === undefined) throw new Error(`${name} was not started`);
    return service;
  }
}

/** The URI of a user of the deployment. */
export function userUri(name: string): string {
  return `mimi://${DOMAIN}/u/${name}`;
}
