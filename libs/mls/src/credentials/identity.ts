/**
 * The port to whoever judges identities: the application's Authentication Service (RFC 9420 §5.3.1, §5.3.3).
 *
 * The protocol core is synchronous. What it will want to know about identities is collected as questions first, asked
 * of the `IdentityProvider`, and handed to the core as answers. A question that nobody asked counts as answered with no.
 *
 * @module
 */

import { encode, opaque, struct, useEncoded } from '@canopy/codec';
import { refuse } from '../errors.ts';
import { Extensions, type Extension } from '../extensions/extension.ts';
import { Credential } from './credential.ts';

/** What somebody shows: a credential, the key it is to speak for, and the extensions that came with it. */
export interface PresentedCredential {
  readonly credential: Credential;
  readonly signatureKey: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** A thing that only the Authentication Service can decide. */
export type IdentityQuestion =
  | { readonly kind: 'credential'; readonly presented: PresentedCredential }
  | {
      readonly kind: 'successor';
      readonly old: PresentedCredential;
      readonly presented: PresentedCredential;
    };

/** What the application answers. A refusal says why in a word that is shown to people. */
export interface IdentityProvider {
  /** Whether the credential is valid and speaks for the signature key (RFC 9420 §5.3.1). */
  validateCredential(presented: PresentedCredential): Promise<IdentityVerdict>;
  /** Whether a member may replace its credential by this one (RFC 9420 §5.3.1, last item). */
  validateSuccessor(old: PresentedCredential, presented: PresentedCredential): Promise<IdentityVerdict>;
  /**
   * Names whom a valid credential stands for, so that members can be found again in a group that continues or branches
   * off another one (R11.2-06, R11.3-05). Without it, those are the same who show the same credential.
   */
  identifierOf?(presented: PresentedCredential): string;
}

/** A decision about an identity. */
export type IdentityVerdict = { readonly valid: true } | { readonly valid: false; readonly reason: string };

/** Names whom a credential stands for, as a provider sees it; without its word, the credential itself is the name. */
export function identifierOf(provider: IdentityProvider, presented: PresentedCredential): string {
  if (provider.identifierOf !== undefined) return provider.identifierOf(presented);
  return Buffer.from(encode(Credential, presented.credential)).toString('latin1');
}

const PresentedCredentialCodec = struct({
  credential: Credential,
  signatureKey: opaque,
  extensions: Extensions,
});

function textOf(presented: PresentedCredential): string {
  return useEncoded(PresentedCredentialCodec, presented, (bytes) => Buffer.from(bytes).toString('latin1'));
}

interface JudgedSuccession {
  readonly old: PresentedCredential;
  readonly presented: PresentedCredential;
  readonly verdict: IdentityVerdict;
}

/** The decisions that were asked for, by what was presented. */
export class IdentityAnswers {
  /** Mostly the very object is asked for again: a joiner would otherwise make a text of each member. */
  readonly #credentials = new Map<PresentedCredential, IdentityVerdict>();
  #credentialsByText: Map<string, IdentityVerdict> | undefined;
  readonly #successors = new Map<PresentedCredential, JudgedSuccession>();
  readonly #provider: IdentityProvider;

  private constructor(provider: IdentityProvider) {
    this.#provider = provider;
  }

  /** Asks the provider all questions; those about many members are under way together. */
  static async ask(
    provider: IdentityProvider,
    questions: Iterable<IdentityQuestion>,
  ): Promise<IdentityAnswers> {
    const answers = new IdentityAnswers(provider);
    await Promise.all(Array.from(questions, (question) => answers.#ask(question)));
    return answers;
  }

  /** Requires that a credential was found valid. @throws MlsError INVALID_CREDENTIAL */
  requireValid(presented: PresentedCredential): void {
    const verdict = this.#credentials.get(presented) ?? this.#byText().get(textOf(presented));
    if (verdict?.valid !== true) {
      refuse('INVALID_CREDENTIAL', 'R7.3-02', verdict?.reason ?? 'nobody has judged this credential');
    }
  }

  /** Requires that a credential was found to be an allowed successor. @throws MlsError INVALID_SUCCESSOR */
  requireSuccessor(old: PresentedCredential, presented: PresentedCredential): void {
    const verdict = this.#findSuccession(old, presented)?.verdict;
    if (verdict?.valid !== true) {
      refuse('INVALID_SUCCESSOR', 'R5.3.1-07', verdict?.reason ?? 'nobody has judged this succession');
    }
  }

  /** Names whom a credential stands for (R11.2-06, R11.3-05). */
  identifierOf(presented: PresentedCredential): string {
    return identifierOf(this.#provider, presented);
  }

  #findSuccession(old: PresentedCredential, presented: PresentedCredential): JudgedSuccession | undefined {
    const known = this.#successors.get(presented);
    if (known?.old === old) return known;
    const [before, after] = [textOf(old), textOf(presented)];
    return [...this.#successors.values()].find(
      (judged) => textOf(judged.old) === before && textOf(judged.presented) === after,
    );
  }

  #byText(): Map<string, IdentityVerdict> {
    this.#credentialsByText ??= new Map(
      Array.from(this.#credentials, ([presented, verdict]) => [textOf(presented), verdict]),
    );
    return this.#credentialsByText;
  }

  async #ask(question: IdentityQuestion): Promise<void> {
    const provider = this.#provider;
    const { presented } = question;
    if (question.kind === 'credential') {
      this.#credentials.set(presented, await provider.validateCredential(presented));
      return;
    }
    const { old } = question;
    const verdict = await provider.validateSuccessor(old, presented);
    this.#successors.set(presented, { old, presented, verdict });
  }
}
