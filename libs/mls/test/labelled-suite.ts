import { Reader } from '@canopy/codec';
import type { CipherSuite } from '@canopy/crypto';

import { suite1, text } from './parties.ts';

/** A secret with the label that it was derived under; an extracted one has the label `extract`. */
export interface LabelledSecret {
  readonly label: string;
  /** What was handed out: it changes when it is overwritten. */
  readonly secret: Uint8Array;
  /** What it was when it was handed out. */
  readonly value: Uint8Array;
}

/** A cipher suite that remembers what it has derived, and under which label. */
export interface LabelledSuite {
  readonly suite: CipherSuite;
  readonly derived: LabelledSecret[];
}

/** The label inside of a KDFLabel (RFC 9420 §8). */
function labelIn(info: Uint8Array): string {
  const reader = new Reader(info);
  reader.uint(2);
  return text(reader.bytes(reader.length())).replace('MLS 1.0 ', '');
}

/** Wraps a suite so that it remembers its derived secrets by their labels. */
export function labelledSuite(inner: CipherSuite = suite1): LabelledSuite {
  const derived: LabelledSecret[] = [];
  const record = (label: string, secret: Uint8Array): Uint8Array => {
    derived.push({ label, secret, value: Uint8Array.from(secret) });
    return secret;
  };
  const { kdf } = inner;
  return {
    derived,
    suite: {
      ...inner,
      kdf: {
        ...kdf,
        extract: (salt, ikm) => record('extract', kdf.extract(salt, ikm)),
        expand: (prk, info, length) => record(labelIn(info), kdf.expand(prk, info, length)),
      },
    },
  };
}
