/**
 * A registry as a few maps: what every registry has to do, without a store.
 *
 * @module
 */
import type { Registry } from '../src/index.ts';
import { named } from './bench.ts';

export const NOW = 1_800_000_000_000;
const PURPOSE = 'enrol';

/** One thing that is done to a registry; small numbers name evidence, challenges, keys and devices. */
export type Step =
  | { readonly do: 'evidence' | 'challenge'; readonly id: number; readonly lifetime: number }
  | { readonly do: 'consume'; readonly id: number }
  | { readonly do: 'enrol'; readonly evidence: number; readonly challenge: number; readonly key: number }
  | {
      readonly do: 'rotate';
      readonly device: number;
      readonly from: number | 'current';
      readonly to: number;
    }
  | { readonly do: 'revoke'; readonly device: number }
  | { readonly do: 'wait'; readonly time: number };

interface ModelDevice {
  readonly name: string;
  key: number;
  revokedAtMs: number | undefined;
}

const userOf = (id: number): string => `mimi://example.com/u/user${id % 2}`;

/** A step that names every key. */
export type KnownStep = Exclude<Step, { readonly from: unknown }> | (Step & { readonly from: number });

/** Does a step and gives its outcome in words. */
export interface Subject {
  step(step: KnownStep): Promise<string> | string;
  /** Everything that can be seen of it. */
  state(): Promise<unknown>;
}

/** The model. */
export class RegistryModel implements Subject {
  readonly #evidence = new Map<number, { readonly expiresAtMs: number; usedBy: ModelDevice | undefined }>();
  readonly #challenges = new Map<number, number>();
  readonly #devices: ModelDevice[] = [];
  readonly #keys = new Set<number>();
  #now = NOW;
  #audited = 0;

  /** Puts the key that a device has in the place of `current`. */
  resolve(step: Step): KnownStep {
    if (step.do !== 'rotate') return step;
    const { from } = step;
    return { ...step, from: from === 'current' ? (this.#devices[step.device]?.key ?? 0) : from };
  }

  step(step: KnownStep): string {
    switch (step.do) {
      case 'evidence':
        return this.#putEvidence(step.id, step.lifetime);
      case 'challenge':
        this.#challenges.set(step.id, this.#now + step.lifetime);
        return 'kept';
      case 'consume':
        return this.#consume(step.id);
      case 'enrol':
        return this.#enrol(step.evidence, step.challenge, step.key);
      case 'rotate':
        return this.#rotate(this.#devices[step.device], step.from, step.to);
      case 'revoke':
        return this.#revoke(this.#devices[step.device]);
      case 'wait':
        this.#now += step.time;
        return 'waited';
    }
  }

  async state(): Promise<unknown> {
    return {
      devices: [0, 1].map((user) => this.#devicesOf(user)),
      revoked: this.#devices.filter(({ revokedAtMs }) => revokedAtMs !== undefined).length,
      audited: this.#audited,
    };
  }

  #devicesOf(user: number): readonly unknown[] {
    return this.#devices
      .filter(({ name }) => name.startsWith(userOf(user)))
      .map(({ name, key, revokedAtMs }) => [name, `key ${key}`, revokedAtMs]);
  }

  #putEvidence(id: number, lifetime: number): string {
    if (this.#evidence.has(id)) return 'exists';
    this.#evidence.set(id, { expiresAtMs: this.#now + lifetime, usedBy: undefined });
    this.#audited += 1;
    return 'created';
  }

  #consume(id: number): string {
    const outcome = this.#judge(id);
    this.#challenges.delete(id);
    return outcome;
  }

  #judge(challenge: number): string {
    const expiresAtMs = this.#challenges.get(challenge);
    if (expiresAtMs === undefined) return 'challengeUnknown';
    return expiresAtMs < this.#now ? 'challengeExpired' : 'consumed';
  }

  #enrol(evidence: number, challenge: number, key: number): string {
    const shown = this.#evidence.get(evidence);
    if (shown === undefined) return 'evidenceUnknown';
    if (shown.usedBy !== undefined) return shown.usedBy.key === key ? 'alreadyEnrolled' : 'evidenceUsed';
    if (shown.expiresAtMs < this.#now) return 'evidenceExpired';
    const judged = this.#judge(challenge);
    if (judged !== 'consumed') return judged;
    if (this.#keys.has(key)) return 'keyInUse';
    const name = `${userOf(evidence)}/${this.#devices.length}`;
    shown.usedBy = { name, key, revokedAtMs: undefined };
    this.#devices.push(shown.usedBy);
    this.#keys.add(key);
    this.#challenges.delete(challenge);
    this.#audited += 1;
    return 'enrolled';
  }

  #rotate(device: ModelDevice | undefined, from: number, to: number): string {
    if (device?.key !== from || device.revokedAtMs !== undefined) return 'otherKey';
    if (this.#keys.has(to)) return 'keyInUse';
    device.key = to;
    this.#keys.add(to);
    this.#audited += 1;
    return 'rotated';
  }

  #revoke(device: ModelDevice | undefined): string {
    if (device === undefined) return 'unknownDevice';
    if (device.revokedAtMs !== undefined) return 'alreadyRevoked';
    device.revokedAtMs = this.#now;
    this.#audited += 1;
    return 'revoked';
  }
}

/** A registry that does the same steps. */
export class RealRegistry implements Subject {
  readonly #registry: Registry;
  readonly #devices: { readonly name: string; readonly user: string }[] = [];
  #now = NOW;
  #entries = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async step(step: KnownStep): Promise<string> {
    switch (step.do) {
      case 'wait':
        this.#now += step.time;
        return 'waited';
      case 'evidence':
        return this.#putEvidence(step.id, step.lifetime);
      case 'challenge':
        return this.#putChallenge(step.id, step.lifetime);
      case 'consume': {
        const use = { challenge: named(`c${step.id}`), purpose: PURPOSE, nowMs: this.#now };
        return (await this.#registry.consumeChallenge(use)).outcome;
      }
      case 'enrol':
        return this.#enrol(step.evidence, step.challenge, step.key);
      case 'rotate':
        return this.#rotate(step.device, step.from, step.to);
      case 'revoke':
        return this.#revoke(step.device);
    }
  }

  async state(): Promise<unknown> {
    const devices = [0, 1].map(async (user) => {
      const found = await this.#registry.devicesOf({ user: userOf(user), limit: 100 });
      return found.map(({ device, signaturePublicKey: key, revokedAtMs }) => [
        device,
        Buffer.from(key).toString(),
        revokedAtMs,
      ]);
    });
    return {
      devices: await Promise.all(devices),
      revoked: (await this.#registry.revokedNames({ nowMs: NOW, limit: 100 })).length,
      audited: (await this.#registry.readAudit(0n, 1_000)).length,
    };
  }

  async #putEvidence(id: number, lifetime: number): Promise<string> {
    const evidenceHash = named(`e${id}`);
    const times = { expiresAtMs: this.#now + lifetime, nowMs: this.#now };
    const evidence = { evidenceHash, user: userOf(id), ...times };
    return (await this.#registry.putEvidence({ ...evidence, audit: this.#entry() })).outcome;
  }

  async #putChallenge(id: number, lifetime: number): Promise<string> {
    const challenge = named(`c${id}`);
    // Challenges are random: none is ever put twice.
    await this.#registry.consumeChallenge({ challenge, purpose: PURPOSE, nowMs: this.#now });
    const times = { expiresAtMs: this.#now + lifetime, nowMs: this.#now };
    await this.#registry.putChallenge({ challenge, purpose: PURPOSE, ...times });
    return 'kept';
  }

  async #enrol(evidence: number, challenge: number, key: number): Promise<string> {
    const user = userOf(evidence);
    const device = `${user}/${this.#devices.length}`;
    const done = await this.#registry.completeEnrolment({
      evidenceHash: named(`e${evidence}`),
      challenge: named(`c${challenge}`),
      challengePurpose: PURPOSE,
      device,
      cipherSuite: 1,
      signaturePublicKey: named(`key ${key}`),
      nowMs: this.#now,
      keepUntilMs: this.#now,
      audit: this.#entry(),
    });
    if (done.outcome === 'enrolled') this.#devices.push({ name: device, user });
    return done.outcome;
  }

  async #rotate(index: number, from: number, to: number): Promise<string> {
    const done = await this.#registry.rotateKey({
      device: this.#devices[index]?.name ?? 'nobody',
      currentKey: named(`key ${from}`),
      cipherSuite: 1,
      signaturePublicKey: named(`key ${to}`),
      nowMs: this.#now,
      keepUntilMs: this.#now,
      audit: this.#entry(),
    });
    return done.outcome;
  }

  async #revoke(index: number): Promise<string> {
    const { name: device, user } = this.#devices[index] ?? { name: 'nobody', user: userOf(0) };
    const times = { nowMs: this.#now, keepUntilMs: this.#now + 1_000_000 };
    return (await this.#registry.revokeDevice({ device, user, ...times, audit: this.#entry() })).outcome;
  }

  #entry(): Uint8Array {
    this.#entries += 1;
    return named(`entry ${this.#entries}`);
  }
}
