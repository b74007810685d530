/**
 * From a shared secret to the keys of an HPKE context, base mode (RFC 9180 §5.1).
 *
 * @module
 */

import { concat, utf8 } from '../bytes.ts';
import type { Aead } from '../aead.ts';
import type { Kdf } from '../kdf.ts';
import { createLabeledKdf, toUint16 } from './labeled-kdf.ts';

/** The key and nonce of the first message of a context. */
export interface MessageKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** What is asked of the export interface (RFC 9180 §5.3). */
export interface HPKEExportRequest {
  readonly info: Uint8Array;
  readonly exporterContext: Uint8Array;
  readonly length: number;
}

declare const contextBrand: unique symbol;

/** What the keys of a context are bound to beside the shared secret: `key_schedule_context` (RFC 9180 §5.1). */
export type KeyScheduleContext = Uint8Array & { readonly [contextBrand]: true };

/** Derives what a context is used for; the shared secret is overwritten. */
export interface KeySchedule {
  /** Hashes an info once, for all messages that are bound to it. */
  contextOf(info: Uint8Array): KeyScheduleContext;
  messageKey(sharedSecret: Uint8Array, context: KeyScheduleContext): MessageKey;
  exported(sharedSecret: Uint8Array, request: HPKEExportRequest): Uint8Array;
}

/** The code points of an HPKE suite (RFC 9180 §7). */
export interface HPKESuiteId {
  readonly kem: number;
  readonly kdf: number;
  readonly aead: number;
}

const EMPTY = new Uint8Array(0);
const MODE_BASE = Uint8Array.of(0);

/** Makes the key schedule of an HPKE suite. */
export function createKeySchedule(id: HPKESuiteId, kdf: Kdf, aead: Aead): KeySchedule {
  const suiteId = concat(utf8('HPKE'), toUint16(id.kem), toUint16(id.kdf), toUint16(id.aead));
  const labeled = createLabeledKdf(kdf, suiteId);
  const pskIdHash = labeled.labeledExtract(EMPTY, 'psk_id_hash', EMPTY);
  const contextOf = (info: Uint8Array): KeyScheduleContext =>
    // oxlint-disable-next-line no-unsafe-type-assertion -- the one place where the brand is given
    concat(MODE_BASE, pskIdHash, labeled.labeledExtract(EMPTY, 'info_hash', info)) as KeyScheduleContext;
  const secretOf = (sharedSecret: Uint8Array): Uint8Array => {
    const secret = labeled.labeledExtract(sharedSecret, 'secret', EMPTY);
    sharedSecret.fill(0);
    return secret;
  };
  return {
    contextOf,
    messageKey(sharedSecret, context) {
      const secret = secretOf(sharedSecret);
      const key = labeled.labeledExpand(secret, 'key', context, aead.keySize);
      // The first message's number is zero, and so the base nonce is its nonce.
      const nonce = labeled.labeledExpand(secret, 'base_nonce', context, aead.nonceSize);
      secret.fill(0);
      return { key, nonce };
    },
    exported(sharedSecret, { info, exporterContext, length }) {
      const context = contextOf(info);
      const secret = secretOf(sharedSecret);
      const exporterSecret = labeled.labeledExpand(secret, 'exp', context, labeled.size);
      secret.fill(0);
      const exported = labeled.labeledExpand(exporterSecret, 'sec', exporterContext, length);
      exporterSecret.fill(0);
      return exported;
    },
  };
}
