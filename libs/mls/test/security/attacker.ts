import { decryptWithLabel, expandWithLabel, type CipherSuite } from '@canopy/crypto';

import { decodePrivateContent } from '../../src/framing/private-message.ts';
import { ContentType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import type { GroupState } from '../../src/group/state.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { WireFormat } from '../../src/registries.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { HashRatchet } from '../../src/secret-tree/hash-ratchet.ts';
import { SecretTree } from '../../src/secret-tree/secret-tree.ts';
import { nodeOfLeaf, parentOf, type LeafIndex, type NodeIndex } from '../../src/tree/math.ts';
import { nextPathSecret } from '../../src/tree/path-secrets.ts';
import { openByHand, privateOf, ratchetOf, type OpenedByHand } from '../forge-private.ts';
import { commitIn } from '../forge.ts';
import { receive, restarted, snapshot, text, type Peer } from '../parties.ts';
import { secretsOf } from '../recording-suite.ts';
import { hex } from '../suites.ts';

/*
 * Somebody who holds whole states of members. It runs the protocol with them as the members would, and beside that it
 * tries every secret that it has ever seen in them in every place where one could fit.
 */

/** What of an honest epoch is public, or is told to the attacker so that it needs secrets only. */
export interface Commitment {
  /** The commit in the open. */
  readonly message: MLSMessage;
  /** An honest member before and after the commit: its public parts, and the answer to compare with. */
  readonly before: GroupState;
  readonly after: GroupState;
}

/** What an attacker gets out of a commit that it tries all its secrets on. */
export interface Outcome {
  readonly opensPath: boolean;
  readonly enters: boolean;
}

/** Nothing at all. */
export const shutOut: Outcome = { opensPath: false, enters: false };

/** An attacker that holds the states of some members as they were when it took them. */
export class Attacker {
  readonly #clones: readonly Peer[];
  readonly #secrets = new Map<string, Uint8Array>();
  /** All that was stored when it was stolen. */
  readonly #loot: readonly string[];

  private constructor(clones: readonly Peer[]) {
    this.#clones = clones;
    this.#loot = clones.map(snapshot);
    this.#learn();
  }

  /** Copies the whole stored state of the victims. */
  static of(...victims: readonly Peer[]): Attacker {
    return new Attacker(victims.map(restarted));
  }

  /** The members that the attacker can play. */
  get clones(): readonly Peer[] {
    return this.#clones;
  }

  /** Every secret that was ever in the states. */
  get secrets(): Uint8Array[] {
    return Array.from(this.#secrets.values(), (secret) => Uint8Array.from(secret));
  }

  /** Takes in secrets that leaked in another way. */
  takeIn(...secrets: readonly Uint8Array[]): void {
    for (const secret of secrets) this.#secrets.set(hex(secret), Uint8Array.from(secret));
  }

  /** Says whether a secret stood anywhere in what was stolen, known as a secret or not. */
  holds(secret: Uint8Array): boolean {
    return this.#loot.some((stored) => stored.includes(hex(secret)));
  }

  /** Says whether the attacker is in the epoch of a member. */
  isInEpochOf({ group }: Peer): boolean {
    const there = hex(group.epochAuthenticator);
    return this.#clones.some((clone) => hex(clone.group.epochAuthenticator) === there);
  }

  /** Lets all clones process a message, following commits; gives the texts that they read. */
  async overhear(message: MLSMessage): Promise<string[]> {
    const texts: string[] = [];
    for (const clone of this.#clones) {
      const found = await process(clone, message);
      if (found !== undefined) texts.push(found);
      this.#learn();
    }
    return texts;
  }

  /**
   * Tries every secret as a key, as a ratchet's secret of any generation and as any node's secret of the secret tree.
   * The sender data and the shape of the tree are given to the attacker by an honest receiver that can still read it.
   */
  readByForce(message: MLSMessage, receiver: Peer): string | undefined {
    return this.openByForce(message, openByHand(receiver, message), receiver.group.state.tree.leafCount);
  }

  /** The same with the sender data that a receiver found when it could read the message. */
  openByForce(message: MLSMessage, opened: OpenedByHand, leafCount: number): string | undefined {
    const suite = this.#suite;
    const { aead } = suite;
    const { secrets } = this;
    const attempt = (key: Uint8Array, nonce: Uint8Array): string | undefined =>
      tryTo(() => {
        const guarded = nonce.map((byte, at) => byte ^ (opened.senderData.reuseGuard[at] ?? 0));
        return textIn(message, aead.open(key, guarded, opened.aad, privateOf(message).ciphertext));
      });
    const nonces = secrets.filter(({ length }) => length === aead.nonceSize);
    for (const key of secrets.filter(({ length }) => length === aead.keySize)) {
      for (const nonce of nonces) {
        const found = attempt(key, nonce);
        if (found !== undefined) return found;
      }
    }
    for (const secret of secrets.filter(({ length }) => length === suite.kdf.size)) {
      for (const { key, nonce } of candidateKeys(suite, secret, { message, opened, leafCount })) {
        const found = attempt(key, nonce);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** Tries every secret as the private key of every ciphertext of a commit's path. */
  #pathSecretsByForce({ message, before, after }: Commitment): Uint8Array[] {
    const { path } = commitIn(message);
    const { confirmedTranscriptHash } = before.groupContext;
    const context = GroupContext.bytesOf({ ...after.groupContext, confirmedTranscriptHash });
    const label = 'UpdatePathNode';
    const ciphertexts = path?.nodes.flatMap(({ encryptedPathSecret }) => encryptedPathSecret) ?? [];
    return ciphertexts.flatMap((ciphertext) =>
      this.secrets.flatMap((key) => {
        const found = tryTo(() => decryptWithLabel(this.#suite, key, { label, context, ciphertext }));
        return found === undefined ? [] : [found];
      }),
    );
  }

  /**
   * Runs the key schedule with every secret as the init secret and every secret, and what follows from every path secret
   * that opens, as the commit secret; further with every secret as one of those in between.
   */
  attack(commitment: Commitment): Outcome {
    const pathSecrets = this.#pathSecretsByForce(commitment);
    return { opensPath: pathSecrets.length > 0, enters: this.#entersByForce(commitment, pathSecrets) };
  }

  #entersByForce(commitment: Commitment, pathSecrets: readonly Uint8Array[]): boolean {
    const suite = this.#suite;
    const { after } = commitment;
    const context = GroupContext.bytesOf(after.groupContext);
    const wanted = hex(after.secrets.epochAuthenticator);
    const secrets = this.secrets.filter(({ length }) => length === suite.kdf.size);
    const zeros = new Uint8Array(suite.kdf.size);
    const opened = pathSecrets.flatMap((secret) => chainOf(suite, secret));
    const commitSecrets = [zeros, ...opened, ...secrets];
    const joiners = secrets.flatMap((init) =>
      commitSecrets.map((commit) => {
        const extracted = suite.kdf.extract(init, commit);
        return expandWithLabel(suite, extracted, { label: 'joiner', context, length: suite.kdf.size });
      }),
    );
    return (
      [...joiners, ...secrets].some((joiner) => authenticatorOf(suite, joiner, context) === wanted) ||
      secrets.some((epochSecret) => authentication(suite, epochSecret) === wanted)
    );
  }

  get #suite(): CipherSuite {
    const [clone] = this.#clones;
    if (clone === undefined) throw new Error('a victim expected');
    return clone.group.suite;
  }

  #learn(): void {
    for (const { group } of this.#clones) this.takeIn(...secretsOf(group.state));
  }
}

async function process(clone: Peer, message: MLSMessage): Promise<string | undefined> {
  try {
    const received = await receive(clone, message);
    if (received.kind === 'commit') clone.group.keep(received.staged);
    return received.kind === 'application' ? text(received.applicationData) : undefined;
  } catch (error) {
    if (error instanceof Error && error.name === 'MlsError') return undefined;
    throw error;
  }
}

function tryTo<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    const refused = ['MlsError', 'CryptoError', 'CodecError'];
    if (error instanceof Error && refused.includes(error.name)) return undefined;
    throw error;
  }
}

function textIn(message: MLSMessage, plaintext: Uint8Array): string {
  const { body } = decodePrivateContent(privateOf(message).contentType, plaintext);
  return body.contentType === ContentType.application ? text(body.applicationData) : 'a handshake message';
}

/** The keys of a message if a secret were one of its ratchet, or one of a node above its sender. */
function* candidateKeys(
  suite: CipherSuite,
  secret: Uint8Array,
  sent: { readonly message: MLSMessage; readonly opened: OpenedByHand; readonly leafCount: number },
): Generator<{ readonly key: Uint8Array; readonly nonce: Uint8Array }> {
  const { leafCount } = sent;
  const { leafIndex, generation } = sent.opened.senderData;
  for (let from = 0; from <= generation; from++) {
    const state = { secret: Uint8Array.from(secret), generation: from, skipped: [] };
    yield new HashRatchet(suite, state).lookUp(generation, defaultPolicy).messageKey;
  }
  const kind = ratchetOf(privateOf(sent.message).contentType);
  for (const node of nodesAbove(leafIndex, leafCount)) {
    const state = { leafCount, nodes: [[node, Uint8Array.from(secret)] as const], ratchets: [] };
    yield new SecretTree(suite, state).ratchet(leafIndex, kind).lookUp(generation, defaultPolicy).messageKey;
  }
}

function* nodesAbove(leaf: LeafIndex, leafCount: number): Generator<NodeIndex> {
  let node: NodeIndex | undefined = nodeOfLeaf(leaf);
  while (node !== undefined) {
    yield node;
    node = parentOf(node, leafCount);
  }
}

const LONGEST_PATH = 8;

/** All that follows from a path secret: the commit secret is among it. */
function chainOf(suite: CipherSuite, first: Uint8Array): Uint8Array[] {
  const chain = [first];
  for (let steps = 0; steps < LONGEST_PATH; steps++) {
    chain.push(nextPathSecret(suite, chain.at(-1) ?? first));
  }
  return chain;
}

function authenticatorOf(suite: CipherSuite, joiner: Uint8Array, context: Uint8Array): string {
  const length = suite.kdf.size;
  const member = suite.kdf.extract(joiner, new Uint8Array(length));
  return authentication(suite, expandWithLabel(suite, member, { label: 'epoch', context, length }));
}

function authentication(suite: CipherSuite, epochSecret: Uint8Array): string {
  const { size: length } = suite.kdf;
  const context = new Uint8Array(0);
  return hex(expandWithLabel(suite, epochSecret, { label: 'authentication', context, length }));
}

/** How the members of a game commit: in the open, so that the attacker sees all but what is encrypted to members. */
export const inTheOpen = { wireFormat: WireFormat.publicMessage, forcePath: true } as const;
