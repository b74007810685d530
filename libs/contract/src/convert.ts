/**
 * Checks that turn a decoded request, where anything may be missing, into values that may be relied on.
 *
 * @module
 */

/** A field of a request that is missing or does not hold what it must; a service answers INVALID_ARGUMENT. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
  /** The path of the field, in the names of the proto file: `proof.signature`. */
  readonly field: string;
  /** What is wrong with it, without its value. */
  readonly reason: string;

  constructor(field: string, reason: string, options?: ErrorOptions) {
    super(`${field}: ${reason}`, options);
    this.field = field;
    this.reason = reason;
  }
}

/**
 * Requires that a message field or a oneof is set.
 *
 * @throws {FieldError}
 */
export function requireField<T>(value: T | undefined, field: string): T {
  if (value === undefined) {
    throw new FieldError(field, 'is required');
  }
  return value;
}

/**
 * Requires that a text is not empty and not longer than a number of UTF-16 units.
 *
 * @throws {FieldError}
 */
export function requireText(value: string, field: string, maximum: number): string {
  if (value.length === 0) {
    throw new FieldError(field, 'is required');
  }
  if (value.length > maximum) {
    throw new FieldError(field, `must be at most ${maximum} characters long, is ${value.length}`);
  }
  return value;
}

/**
 * Requires that bytes, or a list, are exactly so long.
 *
 * @throws {FieldError}
 */
export function requireLength<T extends { readonly length: number }>(
  value: T,
  field: string,
  length: number,
): T {
  if (value.length !== length) {
    throw new FieldError(field, `must have length ${length}, has ${value.length}`);
  }
  return value;
}

/**
 * Requires that bytes, or a list, are neither shorter nor longer than allowed.
 *
 * @throws {FieldError}
 */
export function requireSize<T extends { readonly length: number }>(
  value: T,
  field: string,
  bounds: { readonly minimum: number; readonly maximum: number },
): T {
  if (value.length < bounds.minimum || value.length > bounds.maximum) {
    throw new FieldError(
      field,
      `must have length ${bounds.minimum} to ${bounds.maximum}, has ${value.length}`,
    );
  }
  return value;
}

/**
 * Requires that a oneof holds one certain case, and gives its value.
 *
 * @throws {FieldError}
 */
export function requireCase<
  U extends { readonly $case: string; readonly value: unknown },
  C extends U['$case'],
>(union: U | undefined, wanted: C, field: string): Extract<U, { readonly $case: C }>['value'] {
  const set = requireField(union, field);
  if (!isCase(set, wanted)) {
    throw new FieldError(field, `must be ${wanted}, is ${set.$case}`);
  }
  return set.value;
}

function isCase<U extends { readonly $case: string }, C extends U['$case']>(
  union: U,
  wanted: C,
): union is Extract<U, { readonly $case: C }> {
  return union.$case === wanted;
}
