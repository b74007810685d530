/**
 * Whom a certificate names: the identifiers that count, and whether a successor has the same (RFC 9420 §5.3.1).
 *
 * @module
 */
import { IdentityError } from '../errors.ts';
import { parseDeviceUri } from '../device-uri.ts';
import type { X509Certificate } from './certificate.ts';
import { refuse } from './refusal.ts';

/** Says which identifiers of a certificate count; made by `deviceIdentifiers` or `nameIdentifiers`. */
export interface ReferenceIdentifiers {
  /** Gives the identifiers, at least one, each in a form that is equal for equal ones. @throws Refused */
  of(certificate: X509Certificate): readonly string[];
}

/** Kinds of identifiers: alternative names by their form, or the distinguished name of the subject. */
export type IdentifierKind = 'uri' | 'dns' | 'email' | 'subject';

const DEVICE_SCHEME = /^mimi:/i;

/** The identifier is the URI of one device of a domain, as an alternative name. What else it names does not count. */
export function deviceIdentifiers(domain: string): ReferenceIdentifiers {
  return {
    of(certificate) {
      const device = deviceOf(certificate);
      if (parseDeviceUri(device).domain !== domain) refuse('IDENTITY_WRONG_DOMAIN');
      return [device];
    },
  };
}

/** The identifiers are all names of some kinds. For organisations whose certificates name no Canopy devices. */
export function nameIdentifiers(kinds: readonly [IdentifierKind, ...IdentifierKind[]]): ReferenceIdentifiers {
  return {
    of(certificate) {
      const names = kinds.flatMap((kind) => namesOfKind(certificate, kind).map((name) => `${kind}:${name}`));
      return names.length === 0 ? refuse('IDENTITY_MISSING') : names;
    },
  };
}

/** Gives the one device that a certificate names. @throws Refused */
export function deviceOf({ extensions }: X509Certificate): string {
  const uris = extensions.alternativeNames.flatMap((name) => (name.form === 'uri' ? [name.text] : []));
  const [device, ...others] = uris.filter((uri) => DEVICE_SCHEME.test(uri));
  if (device === undefined) refuse('IDENTITY_MISSING');
  if (others.length > 0) refuse('IDENTITY_AMBIGUOUS');
  return requireDeviceUri(device);
}

/** Requires that a successor has the same identifiers, no fewer and no more. @throws Refused */
export function validateSameIdentifiers(old: readonly string[], renewed: readonly string[]): void {
  const [before, after] = [new Set(old), new Set(renewed)];
  const same = before.size === after.size && old.every((name) => after.has(name));
  if (!same) refuse('SUCCESSOR_OTHER_IDENTITY');
}

function requireDeviceUri(uri: string): string {
  try {
    parseDeviceUri(uri);
    return uri;
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause;
    return refuse('IDENTITY_NOT_A_DEVICE', cause);
  }
}

function namesOfKind({ subject, extensions }: X509Certificate, kind: IdentifierKind): readonly string[] {
  if (kind === 'subject') return subject.path.length > 0 ? [subject.key] : [];
  return extensions.alternativeNames.flatMap((name) => {
    if (name.form !== kind || !('text' in name)) return [];
    // Only of DNS names is it certain that case says nothing.
    return [kind === 'dns' ? name.text.toLowerCase() : name.text];
  });
}
