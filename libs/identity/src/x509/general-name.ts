/**
 * The names in a certificate beside its subject (RFC 5280 §4.2.1.6).
 *
 * @module
 */
import type { GeneralName as AsnGeneralName } from '@peculiar/asn1-x509';
import { readName, type DistinguishedName } from './distinguished-name.ts';

/** A name by its form. Of forms that nothing here goes by, only that they are there is kept. */
export type GeneralName =
  | { readonly form: 'dns' | 'uri' | 'email'; readonly text: string }
  | { readonly form: 'directory'; readonly name: DistinguishedName }
  | { readonly form: 'ip' | 'registeredId' | 'other' | 'x400' | 'ediParty' };

/** Reads a name. */
export function readGeneralName(name: AsnGeneralName): GeneralName {
  return readText(name) ?? readStructured(name);
}

function readText(name: AsnGeneralName): GeneralName | undefined {
  if (name.dNSName !== undefined) return { form: 'dns', text: name.dNSName };
  if (name.rfc822Name !== undefined) return { form: 'email', text: name.rfc822Name };
  const { uniformResourceIdentifier: uri } = name;
  return uri === undefined ? undefined : { form: 'uri', text: uri };
}

function readStructured(name: AsnGeneralName): GeneralName {
  if (name.directoryName !== undefined) return { form: 'directory', name: readName(name.directoryName) };
  if (name.iPAddress !== undefined) return { form: 'ip' };
  if (name.registeredID !== undefined) return { form: 'registeredId' };
  if (name.x400Address !== undefined) return { form: 'x400' };
  return { form: name.ediPartyName === undefined ? 'other' : 'ediParty' };
}
