/**
 * A client that tries to use twice what works once: challenges and enrolment codes.
 *
 * @module
 */
import { callUnary, type authentication } from '@canopy/contract';
import type { Choices } from '../choices.ts';
import { beginEnrolment, beginTokens, createEnrolmentCode, SUITE, type Device } from '../parties/device.ts';
import { replicaOf } from '../parties/stubs.ts';
import type { UseOnce } from './event.ts';
import { hex } from './group-view.ts';
import type { Actor, World } from './world.ts';

/** Who asks twice. */
export class Intruder implements Actor {
  readonly name: string;
  readonly #world: World;
  readonly #device: Device;

  constructor(world: World, device: Device) {
    this.name = `intruder with ${device.device}`;
    this.#world = world;
    this.#device = device;
  }

  async act(choices: Choices): Promise<void> {
    const start = this.#world.recorder.now();
    try {
      if (choices.chance(50)) await this.#raceChallenge(choices);
      else await this.#raceCode(choices);
    } catch (error) {
      // The preparation failed: nothing was used.
      this.#world.recorder.failure(this.name, start, 'prepare', error);
    }
  }

  async close(): Promise<void> {}

  async #raceChallenge(choices: Choices): Promise<void> {
    const { stubs } = this.#world;
    const { device, keys } = this.#device;
    const request = await beginTokens(stubs, device, keys);
    const use = (): Promise<void> =>
      this.#use('challenge', hex(request.challenge), () => this.#tokens(request, choices.next()));
    await Promise.all([use(), use()]);
    await use();
  }

  async #tokens(
    request: authentication.CreateAccessTokensRequest,
    replica: number,
  ): Promise<string | undefined> {
    const stub = replicaOf(this.#world.stubs.authentication, replica);
    const { tokens } = await callUnary(stub, 'createAccessTokens', request, {
      deadlineMs: this.#world.deadlineMs,
    });
    return tokens.map(({ token }) => token).join();
  }

  /** Two devices with one code: one of them is enrolled, and is told so again when it asks again. */
  async #raceCode(choices: Choices): Promise<void> {
    const { stubs, deployment } = this.#world;
    const code = await createEnrolmentCode(stubs, deployment.adminSecret, 'mallory');
    const requests = await Promise.all(
      [1, 2].map(() => beginEnrolment(stubs, code, SUITE.signature.generateKeyPair())),
    );
    const use = (request: authentication.CompleteEnrolmentRequest): Promise<void> =>
      this.#use('enrolmentCode', code, () => this.#enrol(request, choices.next()));
    await Promise.all(requests.map(use));
    for (const request of requests) await use(request);
  }

  async #enrol(
    request: authentication.CompleteEnrolmentRequest,
    replica: number,
  ): Promise<string | undefined> {
    const stub = replicaOf(this.#world.stubs.authentication, replica);
    const { result } = await callUnary(stub, 'completeEnrolment', request, {
      deadlineMs: this.#world.deadlineMs,
    });
    return result?.$case === 'device' ? result.value.device : undefined;
  }

  async #use(what: UseOnce['what'], id: string, work: () => Promise<string | undefined>): Promise<void> {
    const { recorder } = this.#world;
    const start = recorder.now();
    const outcome = await this.#outcomeOf(start, work);
    const event = { kind: 'useOnce', what, id, outcome } as const;
    if (outcome.outcome === 'unknown') recorder.addUnanswered(this.name, start, event);
    else recorder.add(this.name, start, event);
  }

  async #outcomeOf(start: number, work: () => Promise<string | undefined>): Promise<UseOnce['outcome']> {
    try {
      const got = await work();
      return got === undefined
        ? { outcome: 'refused', code: 'OK', reason: 'refusal' }
        : { outcome: 'got', what: got };
    } catch (error) {
      return this.#world.recorder.failure(this.name, start, 'use', error);
    }
  }
}
