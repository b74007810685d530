/**
 * A load of refusals would be measured as well: every answer is looked at.
 *
 * @module
 */

/** Refuses a result that is not the one expected. */
export function requireResult(result: { readonly $case: string } | undefined, expected: string): void {
  if (result?.$case !== expected) throw new Error(`${expected} was expected, not ${result?.$case}`);
}
