/**
 * Errors of the presentation language.
 *
 * @module
 */

/** What can be wrong with bytes that claim to be a TLS structure. */
export type CodecErrorCode =
  | 'TRUNCATED'
  | 'TRAILING_BYTES'
  | 'NON_MINIMAL_LENGTH'
  | 'INVALID_LENGTH_PREFIX'
  | 'SIZE_LIMIT'
  | 'INVALID_PRESENCE'
  | 'UNKNOWN_VALUE'
  | 'INVALID_VALUE';

/** Bytes that do not decode, or a value that cannot be encoded (RFC 9420 §2.1). */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  readonly code: CodecErrorCode;
  readonly #path: string[] = [];
  readonly #reason: string;

  constructor(code: CodecErrorCode, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.code = code;
    this.#reason = reason;
  }

  /** The names of the fields that lead to the fault, outermost first, joined by dots. */
  get path(): string {
    return this.#path.join('.');
  }

  /** Records that the fault lies inside the named field. */
  within(field: string): this {
    this.#path.unshift(field);
    this.message = `${this.path}: ${this.#reason}`;
    return this;
  }
}
