import { delivery } from '@canopy/contract';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Line, type SendOver } from '../src/line.ts';

type SendRequest = Parameters<SendOver>[0];

let line: Line;
let sent: SendRequest[];
let gates: PromiseWithResolvers<void>[];

beforeEach(() => {
  line = new Line();
  sent = [];
  gates = [];
  line.open((request) => {
    sent.push(request);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    return gate.promise;
  });
});

function id(number: number): Uint8Array {
  return new Uint8Array(16).fill(number);
}

function send(number: number, size = 1): Promise<delivery.SendMessageResponse | undefined> {
  const message = new Uint8Array(size).fill(number);
  return line.sendMessage(id(number), { message, proof: undefined });
}

/** Lets everything go that waits; the numbers of the messages of each request. */
async function letGo(): Promise<readonly (readonly (number | undefined)[])[]> {
  for (let open = 0; open < 20; open += 1) {
    for (const gate of gates) gate.resolve();
    await new Promise(setImmediate);
  }
  return sent.map((request) => {
    if (request.$case === 'sendMessages')
      return request.value.requests.map(({ message: [number] }) => number);
    return request.$case === 'sendMessage' ? [request.value.request?.message[0]] : [];
  });
}

describe('the line', () => {
  it('puts messages that wait at the same time into one frame, and one alone into none', async () => {
    const first = [send(1), send(2), send(3)];
    await new Promise(setImmediate);
    const later = [send(4)];
    expect(await letGo()).toEqual([[1, 2, 3], [4]]);
    expect(sent.map(({ $case }) => $case)).toEqual(['sendMessages', 'sendMessage']);
    const response: delivery.SendMessageResponse = {
      result: { $case: 'accepted', value: { sequence: 1n, alreadyAccepted: false } },
    };
    const answers = [3, 1, 2].map((number) => ({ requestId: id(number), response }));
    line.hear({ $case: 'sendAnswers', value: { answers } });
    line.hear({ $case: 'sendAnswer', value: { requestId: id(4), response } });
    expect(await Promise.all([...first, ...later])).toEqual([response, response, response, response]);
  });

  it('keeps the order of messages and commits', async () => {
    const all = [
      send(1),
      line.submitCommit(id(9), { bundle: id(9), proof: undefined, ticket: new Uint8Array() }),
      send(2),
      send(3),
    ];
    for (const one of all) one.catch(() => undefined);
    expect(await letGo()).toEqual([[1], [], [2, 3]]);
    line.close();
  });

  it('makes no frame larger than it may be', async () => {
    const all = [
      ...Array.from({ length: 70 }, (_, index) => send(index)),
      send(70, 200_000),
      send(71, 200_000),
    ];
    for (const one of all) one.catch(() => undefined);
    expect((await letGo()).map((frame) => frame.length)).toEqual([64, 7, 1]);
    line.close();
  });

  it('fails what waits in a frame when the stream ends, and begins anew with the next one', async () => {
    const waiting = [send(1), send(2)];
    line.close();
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const again: SendRequest[] = [];
    line.open((request) => {
      again.push(request);
      return Promise.resolve();
    });
    const next = send(1);
    next.catch(() => undefined);
    await new Promise(setImmediate);
    expect(again.map(({ $case }) => $case)).toEqual(['sendMessage']);
    line.close();
    await expect(next).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
