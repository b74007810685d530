/**
 * Distinguished names and when two of them are the same (RFC 5280 §7.1).
 *
 * @module
 */
import { AsnConvert } from '@peculiar/asn1-schema';
import type { AttributeTypeAndValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509';

/** A name in a form that is equal for equal names. */
export interface DistinguishedName {
  /** The relative names from the root down, each in its comparable form. */
  readonly path: readonly string[];
  /** The whole name in its comparable form. */
  readonly key: string;
  /** The addresses in attributes of type emailAddress, a custom that RFC 5280 §4.1.2.6 keeps alive. */
  readonly emails: readonly string[];
}

const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';

/** Reads a name. Text is compared without regard to case, to white space at the ends and to how it is encoded. */
export function readName(name: Name): DistinguishedName {
  const attributes = name.flatMap((relative) => Array.from(relative));
  const path = Array.from(name, comparable);
  const emails = attributes.filter(({ type }) => type === EMAIL_ADDRESS).map(({ value }) => value.toString());
  return { path, key: JSON.stringify(path), emails };
}

/** Tells whether a name lies within the part of the directory that another one is the root of (RFC 5280 §4.2.1.10). */
export function isWithin(name: DistinguishedName, root: DistinguishedName): boolean {
  return root.path.every((relative, depth) => relative === name.path[depth]);
}

function comparable(relative: RelativeDistinguishedName): string {
  return JSON.stringify(Array.from(relative, attribute).toSorted());
}

function attribute({ type, value }: AttributeTypeAndValue): string {
  // What is no text is compared byte by byte.
  if (value.anyValue !== undefined) {
    return `${type}=#${Buffer.from(AsnConvert.serialize(value)).toString('hex')}`;
  }
  const text = value.toString().normalize('NFKC').toLowerCase();
  return `${type}="${text.trim().replaceAll(/\s+/g, ' ')}"`;
}
