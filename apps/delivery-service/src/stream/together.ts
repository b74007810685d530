/**
 * Puts answers that are ready together into one frame.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';

/** Of one frame. */
const MAX_ANSWERS = 256;

/**
 * Joins the answers of kind `sendAnswers` that stand side by side, up to the bound. One that carries entries of the log goes
 * alone: it may be as large as a page by itself.
 */
export function together(
  responses: readonly delivery.SubscribeResponse[],
): readonly delivery.SubscribeResponse[] {
  const frames: delivery.SubscribeResponse[] = [];
  let open: delivery.SendMessageAnswer[] = [];
  for (const said of responses) {
    const answers = smallAnswers(said);
    if (answers === undefined || open.length + answers.length > MAX_ANSWERS) open = [];
    if (answers === undefined) {
      frames.push(said);
    } else {
      if (open.length === 0) frames.push({ response: { $case: 'sendAnswers', value: { answers: open } } });
      open.push(...answers);
    }
  }
  return frames;
}

function smallAnswers({
  response,
}: delivery.SubscribeResponse): readonly delivery.SendMessageAnswer[] | undefined {
  if (response?.$case !== 'sendAnswers') return undefined;
  const { answers } = response.value;
  return answers.some((answer) => answer.response?.result?.$case === 'conflict') ? undefined : answers;
}
