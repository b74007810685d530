/**
 * Extensions and lists of them (RFC 9420 §13.4).
 *
 * @module
 */

import {
  CodecError,
  decode,
  encode,
  opaque,
  struct,
  uint16,
  vector,
  type Codec,
  type TypeOf,
} from '@canopy/codec';

/** A typed piece of data that a base structure carries (RFC 9420 §13.4). */
export const Extension = struct({ extensionType: uint16, extensionData: opaque });
/** A typed piece of data that a base structure carries (RFC 9420 §13.4). */
export type Extension = TypeOf<typeof Extension>;

const list = vector(Extension);

function requireUniqueTypes(extensions: readonly Extension[]): readonly Extension[] {
  const seen = new Set<number>();
  for (const { extensionType } of extensions) {
    if (seen.has(extensionType)) {
      throw new CodecError('INVALID_VALUE', `extension type ${extensionType} occurs twice [R13.4-04]`);
    }
    seen.add(extensionType);
  }
  return extensions;
}

/** A list of extensions, no type twice (RFC 9420 §13.4). */
export const Extensions: Codec<readonly Extension[]> = {
  write: (writer, value) => list.write(writer, requireUniqueTypes(value)),
  read: (reader) => requireUniqueTypes(list.read(reader)),
};

/** Finds the extension of a type and decodes its data; undefined when the list has none. */
export function findExtension<T>(
  extensions: readonly Extension[],
  extensionType: number,
  codec: Codec<T>,
): T | undefined {
  const found = extensions.find((extension) => extension.extensionType === extensionType);
  return found === undefined ? undefined : decode(codec, found.extensionData);
}

/** Makes an extension of a type from a value. */
export function createExtension<T>(extensionType: number, codec: Codec<T>, value: T): Extension {
  return { extensionType, extensionData: encode(codec, value) };
}
