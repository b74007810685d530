import { describe, expect, it } from '@jest/globals';

import { decode, encode, type Codec } from '@canopy/codec';
import { describeVectors } from '@canopy/vectors';

import { Commit } from '../../src/commits/commit.ts';
import { GroupSecrets } from '../../src/commits/welcome.ts';
import { RatchetTreeNodes } from '../../src/extensions/ratchet-tree.ts';
import { MLSMessage } from '../../src/framing/message.ts';
import {
  Add,
  ExternalInit,
  GroupContextExtensions,
  PreSharedKey,
  ReInit,
  Remove,
  Update,
} from '../../src/proposals/proposal.ts';
import { hex, titled } from '../suites.ts';

const codecs: Readonly<Record<string, Codec<unknown>>> = {
  mls_welcome: MLSMessage,
  mls_group_info: MLSMessage,
  mls_key_package: MLSMessage,
  ratchet_tree: RatchetTreeNodes,
  group_secrets: GroupSecrets,
  add_proposal: Add,
  update_proposal: Update,
  remove_proposal: Remove,
  pre_shared_key_proposal: PreSharedKey,
  re_init_proposal: ReInit,
  external_init_proposal: ExternalInit,
  group_context_extensions_proposal: GroupContextExtensions,
  commit: Commit,
  public_message_application: MLSMessage,
  public_message_proposal: MLSMessage,
  public_message_commit: MLSMessage,
  private_message: MLSMessage,
};

/** A copy without the bytes that the decoder kept, so that encoding is really done again. */
function rebuilt<T>(value: T): T {
  return structuredClone(value);
}

describeVectors('messages', { describe, it }, (cases) => {
  it.each(titled(cases))('%s decodes and encodes to the same bytes [R2.1-01]', (_title, one) => {
    for (const [name, codec] of Object.entries(codecs)) {
      const bytes = one.get(name).bytes();
      const value = decode(codec, bytes);
      expect(hex(encode(codec, value))).toBe(hex(bytes));
      expect(hex(encode(codec, rebuilt(value)))).toBe(hex(bytes));
    }
  });
});
