/**
 * Which names may stand below a CA (RFC 5280 §4.2.1.10). What cannot be decided is refused.
 *
 * @module
 */
import type { X509Certificate } from './certificate.ts';
import { isWithin } from './distinguished-name.ts';
import type { NameConstraints } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { refuse } from './refusal.ts';

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const HOST = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);
const URI_HOST = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@:[\]]+)(?::[0-9]*)?(?:[/?#].*)?$/is;

/** Requires that all names of a certificate are permitted, and none excluded, by the CAs above it. */
export function validateNames(certificate: X509Certificate, above: readonly NameConstraints[]): void {
  for (const name of namesOf(certificate)) {
    for (const constraints of above) validateName(name, constraints);
  }
}

/** All names: the subject if there is one, the alternative ones, and addresses that stand in the subject. */
function namesOf({ subject, extensions }: X509Certificate): readonly GeneralName[] {
  const { alternativeNames } = extensions;
  const directory: readonly GeneralName[] =
    subject.path.length > 0 ? [{ form: 'directory', name: subject }] : [];
  const emails = subject.emails.map((text) => ({ form: 'email', text }) as const);
  return [...directory, ...alternativeNames, ...emails];
}

function validateName(name: GeneralName, { permitted, excluded }: NameConstraints): void {
  const sameForm = ({ form }: GeneralName): boolean => form === name.form;
  if (excluded.some((base) => sameForm(base) && matches(name, base))) refuse('NAME_EXCLUDED');
  const allowed = permitted.filter(sameForm);
  if (allowed.length > 0 && !allowed.some((base) => matches(name, base))) refuse('NAME_NOT_PERMITTED');
}

/** Tells whether a name lies within a subtree of the same form; refuses what it cannot tell of. */
function matches(name: GeneralName, base: GeneralName): boolean {
  if (name.form === 'directory' && base.form === 'directory') return isWithin(name.name, base.name);
  if (name.form === 'dns' && base.form === 'dns') return isHostWithin(readHost(name.text), base.text);
  if (name.form === 'uri' && base.form === 'uri') return isHostIn(hostOfUri(name.text), base.text);
  if (name.form === 'email' && base.form === 'email') return isMailboxIn(name.text, base.text);
  return refuse('NAME_CONSTRAINT_UNSUPPORTED');
}

/** A DNS subtree: the name itself and all below it; none but those below it when it begins with a full stop. */
function isHostWithin(host: string, base: string): boolean {
  if (base === '' || base.startsWith('.')) return isHostIn(host, base);
  return host === readHost(base) || isHostIn(host, `.${base}`);
}

/** A subtree of a URI or an address: one host, or all below a domain when it begins with a full stop. */
function isHostIn(host: string, base: string): boolean {
  if (base === '') return true;
  return base.startsWith('.') ? host.endsWith(`.${readHost(base.slice(1))}`) : host === readHost(base);
}

/** An address subtree: one mailbox, all of a host, or all below a domain. Only the host is without case. */
function isMailboxIn(mailbox: string, base: string): boolean {
  const { local, host } = readMailbox(mailbox);
  if (!base.includes('@')) return isHostIn(host, base);
  const only = readMailbox(base);
  return local === only.local && host === only.host;
}

function readMailbox(mailbox: string): { readonly local: string; readonly host: string } {
  const at = mailbox.lastIndexOf('@');
  if (at < 1) refuse('NAME_CONSTRAINT_UNSUPPORTED');
  return { local: mailbox.slice(0, at), host: readHost(mailbox.slice(at + 1)) };
}

function hostOfUri(uri: string): string {
  const host = URI_HOST.exec(uri)?.[1];
  return host === undefined ? refuse('NAME_CONSTRAINT_UNSUPPORTED') : readHost(host);
}

/** Gives a host in lower case. Of a name with other characters it could not be said where it ends. */
function readHost(text: string): string {
  const host = text.toLowerCase();
  // RFC 5280 §4.2.1.10: an address instead of a name is no host that a URI constraint could be applied to.
  if (!HOST.test(host) || /\.[0-9]+$/.test(host)) refuse('NAME_CONSTRAINT_UNSUPPORTED');
  return host;
}
