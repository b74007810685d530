/**
 * The chain of secrets up a path: path secret → node secret → key pair (RFC 9420 §7.4).
 *
 * ```
 * path_secret[0] → path_secret[1] → … → path_secret[n] → commit_secret
 *      |                |                    |
 *      V                V                    V
 * node_secret[0]   node_secret[1]       node_secret[n]
 * ```
 *
 * @module
 */

import { deriveSecret, wipe, type CipherSuite, type KeyPair } from '@canopy/crypto';

/** Derives the key pair of a node from its path secret (RFC 9420 §7.4). */
export function nodeKeyPair(suite: CipherSuite, pathSecret: Uint8Array): KeyPair {
  const nodeSecret = deriveSecret(suite, pathSecret, 'node');
  try {
    return suite.hpke.deriveKeyPair(nodeSecret);
  } finally {
    wipe(nodeSecret);
  }
}

/** Derives the path secret of the next node, or the commit secret after the last one (RFC 9420 §7.4). */
export function nextPathSecret(suite: CipherSuite, pathSecret: Uint8Array): Uint8Array {
  return deriveSecret(suite, pathSecret, 'path');
}
