/**
 * Forges KeyPackages: one that is good is changed and signed anew by its own client, so that nothing but the change is wrong.
 *
 * @module
 */
import { encode } from '@canopy/codec';
import { getCipherSuite, signWithLabel } from '@canopy/crypto';
import { decodeMessage, encodeMessage, KeyPackage, LeafNode, WireFormat } from '@canopy/mls';
import type { SignatureKeyPair } from './bench.ts';

/** What is changed: before, or instead of, the signatures of the client. */
export interface Forgery {
  readonly leaf?: Partial<LeafNode>;
  readonly keyPackage?: (good: KeyPackage) => Partial<KeyPackage>;
  readonly leafSignature?: Uint8Array;
  readonly signature?: Uint8Array;
}

const NONE = new Uint8Array();

/** Changes a KeyPackage, an encoded MLSMessage, whose leaf has this key. */
export function forge(bytes: Uint8Array, { privateKey }: SignatureKeyPair, forgery: Forgery): Uint8Array {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.keyPackage) throw new TypeError('a KeyPackage expected');
  const good = message.keyPackage;
  const suite = getCipherSuite(good.cipherSuite);
  const sign = (label: string, unsigned: Uint8Array): Uint8Array =>
    // What is signed ends before the signature, which is empty: one byte, its length.
    signWithLabel(suite, privateKey, label, unsigned.subarray(0, -1));
  const leaf = { ...good.leafNode, ...forgery.leaf, signature: NONE };
  const leafSignature = forgery.leafSignature ?? sign('LeafNodeTBS', encode(LeafNode, leaf));
  const leafNode = { ...leaf, signature: leafSignature };
  const changed = { ...good, leafNode, ...forgery.keyPackage?.(good), signature: NONE };
  const signature = forgery.signature ?? sign('KeyPackageTBS', encode(KeyPackage, changed));
  return encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage: { ...changed, signature } });
}
