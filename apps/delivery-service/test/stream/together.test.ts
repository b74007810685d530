import type { delivery } from '@canopy/contract';
import { describe, expect, it } from '@jest/globals';
import { together } from '../../src/stream/together.ts';

function answer(number: number, $case: 'accepted' | 'conflict' = 'accepted'): delivery.SubscribeResponse {
  const requestId = new Uint8Array([number, number >> 8]);
  const result: delivery.SendMessageResponse['result'] =
    $case === 'accepted'
      ? { $case, value: { sequence: BigInt(number), alreadyAccepted: false } }
      : { $case, value: { currentEpoch: 1n, winningCommitHash: requestId, entries: [], complete: true } };
  return {
    response: { $case: 'sendAnswers', value: { answers: [{ requestId, response: { result } }] } },
  };
}

const pong: delivery.SubscribeResponse = { response: { $case: 'pong', value: { token: 1n } } };

function sizes(responses: readonly delivery.SubscribeResponse[]): readonly (number | undefined)[] {
  return responses.map(({ response }) =>
    response?.$case === 'sendAnswers' ? response.value.answers.length : undefined,
  );
}

describe('answers that are ready together', () => {
  it('go in one frame up to the bound, and none is lost', () => {
    const many = Array.from({ length: 600 }, (_, index) => answer(index));
    const frames = together(many);
    expect(sizes(frames)).toEqual([256, 256, 88]);
    const answers = frames.flatMap(({ response }) =>
      response?.$case === 'sendAnswers' ? response.value.answers : [],
    );
    expect(answers).toEqual(
      many.flatMap(({ response }) => (response?.$case === 'sendAnswers' ? response.value.answers : [])),
    );
  });

  it('keep their place among others, and leave those alone that carry entries', () => {
    expect(
      sizes(together([answer(1), answer(2), pong, answer(3), answer(4, 'conflict'), answer(5)])),
    ).toEqual([2, undefined, 1, 1, 1]);
    expect(together([])).toEqual([]);
  });
});
