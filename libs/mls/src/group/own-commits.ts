/**
 * The commits that a member has made and that nobody has decided on yet (RFC 9420 §14). Whoever comes upon one of them
 * on the way back knows it by its bytes: it cannot be processed like somebody else's (R12.4.2-17).
 *
 * @module
 */

import { ContentType } from '../framing/content.ts';
import { encodeMessage, type MLSMessage } from '../framing/message.ts';
import { WireFormat } from '../registries.ts';
import type { StagedCommit } from './staged-commit.ts';

/** Own commits by the bytes of their messages. */
export class OwnCommits {
  readonly #staged = new Map<string, StagedCommit>();

  remember(message: MLSMessage, staged: StagedCommit): void {
    this.#staged.set(keyOf(message), staged);
  }

  find(message: MLSMessage): StagedCommit | undefined {
    if (this.#staged.size === 0 || !isCommit(message)) return undefined;
    return this.#staged.get(keyOf(message));
  }

  forget(staged: StagedCommit): void {
    for (const [key, known] of this.#staged) if (known === staged) this.#staged.delete(key);
  }

  clear(): void {
    this.#staged.clear();
  }
}

function keyOf(message: MLSMessage): string {
  return Buffer.from(encodeMessage(message)).toString('latin1');
}

function isCommit(message: MLSMessage): boolean {
  if (message.wireFormat === WireFormat.publicMessage) {
    return message.publicMessage.content.body.contentType === ContentType.commit;
  }
  return (
    message.wireFormat === WireFormat.privateMessage &&
    message.privateMessage.contentType === ContentType.commit
  );
}
