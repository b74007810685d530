/**
 * Random histories of a stock, in which nothing depends on chance but the choice of what is done.
 *
 * @module
 */
import { expect } from '@jest/globals';
import * as fc from 'fast-check';
import { CLAIM_REPEAT_WINDOW_MS } from '../src/index.ts';
import type { ClaimRequest, NewStock, SingleUseStock } from '../src/index.ts';
import { named } from './bench.ts';
import { StockModel, type Modelled } from './single-use-stock.model.ts';
import { extensions, item, NOW, request } from './stock-samples.ts';

const WINDOW = CLAIM_REPEAT_WINDOW_MS;
const CAPABILITIES = [extensions(), extensions(7), extensions(7, 8)] as const;

/** Whose stock a history is about, and what time it is there. */
interface Place {
  readonly device: string;
  nowMs: number;
}

/** Something that is done. */
interface Step {
  readonly says: string;
  readonly run: (stock: Modelled, place: Place) => Promise<unknown>;
}

/** One KeyPackage: everything about it follows from its number, as it does from a reference. No two expire together. */
function sample(number: number): Partial<NewStock> {
  return {
    cipherSuite: 1 + (number % 2),
    capabilities: CAPABILITIES[number % 3] ?? extensions(),
    signatureKey: named(`key ${(number >> 2) % 2}`),
    notAfterMs: NOW + ((number * 7) % 20) * WINDOW + number,
    maxPerDevice: 4,
  };
}

const put = fc
  .record({ number: fc.nat(19), lastResort: fc.boolean() })
  .map(({ number, lastResort }): Step => ({
    says: `put ${number}${lastResort ? ' as last resort' : ''}`,
    run: (stock, place) => stock.put(item(`${number}`, { ...sample(number), lastResort, ...place })),
  }));

const claim = fc
  .record({ id: fc.nat(3), cipherSuite: fc.integer({ min: 1, max: 2 }), set: fc.nat(2), only: fc.boolean() })
  .map(({ id, cipherSuite, set, only }): Step => {
    const required = CAPABILITIES[set] ?? extensions();
    return {
      says: `claim ${id} of suite ${cipherSuite} requiring ${required.extensions.join()}${only ? ', last resort only' : ''}`,
      run: (stock, { device, nowMs }) => {
        const more: Partial<ClaimRequest> = only ? { lastResortOnly: new Set([device]) } : {};
        const wanted = { devices: [device], cipherSuite, required, nowMs };
        return stock.claim(request(`${id}`, { ...wanted, ...more }));
      },
    };
  });

const withdraw = fc
  .record({
    which: fc.constantFrom('all', 'underKey', 'notUnderKey', 'revoked'),
    key: fc.nat(1),
  })
  .map(({ which, key }): Step => {
    const signatureKey = named(`key ${key}`);
    return {
      says: `withdraw ${which} ${key}`,
      run: (stock, { device, nowMs }) =>
        stock.withdraw(
          which === 'underKey' || which === 'notUnderKey'
            ? { device, nowMs, which, signatureKey }
            : { device, nowMs, which: which === 'revoked' ? 'revoked' : 'all' },
        ),
    };
  });

const wait = fc.nat(2 * WINDOW).map((ms): Step => ({
  says: `wait ${ms}`,
  run: async (_, time) => {
    time.nowMs += ms;
  },
}));

const history = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: put },
    { weight: 10, arbitrary: claim },
    { weight: 1, arbitrary: withdraw },
    { weight: 3, arbitrary: wait },
  ),
  { minLength: 5, maxLength: 40 },
);

/** Lets a store live through so many histories, each of another device, and compares every answer with the model's. */
export async function liveThrough(count: number, stock: SingleUseStock): Promise<void> {
  let devices = 0;
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const model = new StockModel();
      devices += 1;
      const device = `device ${devices}`;
      const [place, modelPlace] = [
        { device, nowMs: NOW },
        { device, nowMs: NOW },
      ];
      for (const step of steps) {
        const { says } = step;
        const answer = await step.run(stock, place);
        expect({ says, answer }).toEqual({ says, answer: await step.run(model, modelPlace) });
        const counts = await stock.count(device, place.nowMs);
        expect({ says, counts }).toEqual({ says, counts: await model.count(device, place.nowMs) });
      }
    }),
    { numRuns: count },
  );
}
