/**
 * Errors of the test vectors.
 *
 * @module
 */

/** Test vectors that are not there, not the official ones, or not of the shape that a test reads. */
export class VectorError extends Error {
  override readonly name = 'VectorError';
  readonly code: 'MISSING' | 'WRONG_SUM' | 'WRONG_SHAPE';

  constructor(code: VectorError['code'], reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.code = code;
  }
}
