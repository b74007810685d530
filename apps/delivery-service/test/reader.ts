/**
 * Reads what the service says on a stream.
 *
 * @module
 */
import { readServiceError, type CallError, type delivery } from '@canopy/contract';
import type { Device, SubscribeStream } from './bench.ts';

export type Response = NonNullable<delivery.SubscribeResponse['response']>;

/** Reads responses one by one. */
export class Reader {
  readonly stream: SubscribeStream;
  readonly #responses: AsyncIterator<delivery.SubscribeResponse>;

  constructor(device: Device) {
    this.stream = device.stream();
    this.#responses = this.stream.responses[Symbol.asyncIterator]();
  }

  async next(): Promise<Response> {
    const { value, done } = await this.#responses.next();
    if (done === true || value.response === undefined) throw new Error('the stream has ended');
    return value.response;
  }

  async hasEnded(): Promise<boolean> {
    return (await this.#responses.next()).done === true;
  }

  /** Reads until a certain kind of response and gives it with the numbers of all entries before. */
  async until<C extends Response['$case']>(
    wanted: C,
  ): Promise<Extract<Response, { readonly $case: C }> & { readonly seen: bigint[] }> {
    const seen: bigint[] = [];
    for (;;) {
      const response = await this.next();
      if (isCase(response, wanted)) return { ...response, seen };
      if (response.$case === 'entries' || response.$case === 'mailbox')
        seen.push(...response.value.entries.map(({ sequence }) => sequence));
      else seen.push(-1n);
    }
  }

  /** Reads entries until there are so many. */
  async entries(count: number): Promise<bigint[]> {
    const seen: bigint[] = [];
    while (seen.length < count) {
      const response = await this.next();
      if (response.$case !== 'entries') throw new Error(`no entries but ${response.$case}`);
      seen.push(...response.value.entries.map(({ sequence }) => sequence));
    }
    return seen;
  }

  async failure(): Promise<CallError> {
    try {
      for (;;) await this.next();
    } catch (error) {
      return readServiceError(error);
    }
  }
}

function isCase<C extends Response['$case']>(
  response: Response,
  wanted: C,
): response is Extract<Response, { readonly $case: C }> {
  return response.$case === wanted;
}

export const ping = (token: bigint): delivery.SubscribeRequest => ({
  request: { $case: 'ping', value: { token } },
});
