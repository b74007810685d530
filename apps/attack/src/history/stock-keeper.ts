/**
 * A client that publishes KeyPackages and claims those of others, repeats its claims, and races them through several replicas.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { callUnary, directory } from '@canopy/contract';
import type { Metadata } from '@grpc/grpc-js';
import type { Choices } from '../choices.ts';
import { bearer, makeKeyPackage, SUITE, type Device } from '../parties/device.ts';
import { replicaOf } from '../parties/stubs.ts';
import type { Claim, Publish } from './event.ts';
import { hashOf, hex } from './group-view.ts';
import type { Actor, World } from './world.ts';

const BATCH = 4;
const REMEMBERED = 20;

/** A device with a stock. */
export class StockKeeper implements Actor {
  readonly name: string;
  readonly #world: World;
  readonly #device: Device;
  readonly #metadata: Metadata;
  /** Claims that may be repeated. */
  readonly #claims: directory.ClaimKeyPackagesRequest[] = [];
  /** Claims that nobody has answered yet. */
  readonly #open = new Set<directory.ClaimKeyPackagesRequest>();

  constructor(world: World, device: Device) {
    this.name = `stock of ${device.device}`;
    this.#world = world;
    this.#device = device;
    this.#metadata = bearer(device.tokens.directory);
  }

  async act(choices: Choices): Promise<void> {
    const action = choices.weighted<() => Promise<unknown>>([
      [25, () => this.publish(choices.next())],
      [50, () => this.#claim(choices)],
      [25, () => this.#repeat(choices)],
    ]);
    await action();
  }

  async close(): Promise<void> {}

  /** Publishes a few KeyPackages. */
  async publish(replica: number): Promise<void> {
    const { recorder, stubs, deadlineMs } = this.#world;
    const uploads = Array.from({ length: BATCH }, () => makeKeyPackage(this.#device));
    const keyPackages = uploads.map((keyPackage) => ({ keyPackage, lastResort: false }));
    const start = recorder.now();
    const stub = replicaOf(stubs.directory, replica);
    const options = { metadata: this.#metadata, deadlineMs };
    try {
      const { results } = await callUnary(stub, 'publishKeyPackages', { keyPackages }, options);
      for (const { index, result } of results) {
        const outcome = { outcome: result?.$case === 'stored' ? 'stored' : 'rejected' } as const;
        this.#note(uploads[index], start, outcome);
      }
    } catch (error) {
      const outcome = recorder.failure(this.name, start, 'publishKeyPackages', error);
      for (const upload of uploads) this.#note(upload, start, outcome);
    }
  }

  /** Repeats every claim that has no answer. Says whether all have one. */
  async settle(choices: Choices): Promise<boolean> {
    for (const request of this.#open) await this.#claimOnce(request, choices.next());
    return this.#open.size === 0;
  }

  /** Claims of all devices until none gives anything but a last resort. Says whether it came so far. */
  async drain(choices: Choices): Promise<boolean> {
    for (;;) {
      const request = this.#request(this.#world.devices.map(({ device }) => device));
      const outcome = await this.#claimOnce(request, choices.next());
      if (outcome.outcome !== 'answered') return false;
      if (outcome.packages.every(({ lastResort }) => lastResort)) return true;
    }
  }

  async #claim(choices: Choices): Promise<void> {
    const { devices } = this.#world;
    const wanted = devices.filter(() => choices.chance(50)).map(({ device }) => device);
    const [first] = devices;
    const request = this.#request(wanted.length === 0 && first !== undefined ? [first.device] : wanted);
    this.#claims.push(request);
    if (this.#claims.length > REMEMBERED) this.#claims.shift();
    const times = choices.chance(30) ? 2 : 1;
    await Promise.all(Array.from({ length: times }, () => this.#claimOnce(request, choices.next())));
  }

  async #repeat(choices: Choices): Promise<void> {
    const request = choices.oneOf(this.#claims);
    if (request !== undefined) await this.#claimOnce(request, choices.next());
  }

  #request(devices: string[]): directory.ClaimKeyPackagesRequest {
    return {
      requestId: new Uint8Array(randomBytes(16)),
      users: [],
      devices,
      cipherSuite: SUITE.id,
      requiredCapabilities: undefined,
    };
  }

  async #claimOnce(request: directory.ClaimKeyPackagesRequest, replica: number): Promise<Claim['outcome']> {
    const { recorder } = this.#world;
    const start = recorder.now();
    this.#open.add(request);
    const outcome = await this.#outcomeOf(request, { replica, start });
    const event = { kind: 'claim', requestId: hex(request.requestId), outcome } as const;
    if (outcome.outcome === 'unknown') {
      recorder.addUnanswered(this.name, start, event);
    } else {
      this.#open.delete(request);
      recorder.add(this.name, start, event);
    }
    return outcome;
  }

  async #outcomeOf(
    request: directory.ClaimKeyPackagesRequest,
    { replica, start }: { readonly replica: number; readonly start: number },
  ): Promise<Claim['outcome']> {
    const { recorder, stubs, deadlineMs } = this.#world;
    const stub = replicaOf(stubs.directory, replica);
    try {
      const { devices } = await callUnary(stub, 'claimKeyPackages', request, {
        metadata: this.#metadata,
        deadlineMs,
      });
      // Such an answer says nothing about the stock, and no limit is near.
      if (devices.some(({ result }) => isLimited(result))) throw new Error('a claim was limited');
      const packages = devices.flatMap(({ device, result }) => {
        if (result?.$case !== 'claimed') return [];
        const { keyPackage, lastResort } = result.value;
        return [{ device, hash: hashOf(keyPackage), lastResort }];
      });
      return { outcome: 'answered', packages };
    } catch (error) {
      return recorder.failure(this.name, start, 'claimKeyPackages', error);
    }
  }

  #note(upload: Uint8Array | undefined, start: number, outcome: Publish['outcome']): void {
    if (upload === undefined) throw new Error('a result for nothing');
    const { device } = this.#device;
    const event = { kind: 'publish', device, hash: hashOf(upload), lastResort: false, outcome } as const;
    if (outcome.outcome === 'unknown') this.#world.recorder.addUnanswered(this.name, start, event);
    else this.#world.recorder.add(this.name, start, event);
  }
}

function isLimited(result: directory.DeviceClaim['result']): boolean {
  return result?.$case === 'nothing' && result.value.reason === directory.NothingToClaimReason.LIMITED;
}
