/**
 * How a committer lets in the clients that its commit adds (RFC 9420 §12.4.3.1).
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { encryptorWithLabel, wipe, type CipherSuite, type Encrypt } from '@canopy/crypto';
import { required } from '../errors.ts';
import { keyPackageRef } from '../key-packages/key-package.ts';
import type { AddedMember, AppliedProposals } from '../proposals/applied-proposals.ts';
import { commonAncestor, type LeafIndex, type NodeIndex } from '../tree/math.ts';
import { GroupInfo } from './group-info.ts';
import type { ScheduledEpoch } from './epoch-inputs.ts';
import { GroupSecrets, type EncryptedGroupSecrets, type Welcome } from './welcome.ts';

/** What a Welcome is made from. */
export interface WelcomeRequest {
  readonly suite: CipherSuite;
  readonly groupInfo: GroupInfo;
  readonly scheduled: ScheduledEpoch;
  readonly applied: Pick<AppliedProposals, 'added' | 'psks'>;
  readonly committer: LeafIndex;
  /** The secrets of the commit's path by node; absent when it has none. */
  readonly pathSecrets: ReadonlyMap<NodeIndex, Uint8Array> | undefined;
}

/** Makes one Welcome for all clients that a commit added (RFC 9420 §12.4.3.1). */
export function createWelcome(request: WelcomeRequest): Welcome {
  const { suite, scheduled, applied } = request;
  const { key, nonce } = required(scheduled.welcomeKey, 'the key of a Welcome');
  const noAad = new Uint8Array(0);
  const encryptedGroupInfo = suite.aead.seal(key, nonce, noAad, GroupInfo.bytesOf(request.groupInfo));
  // One context for all: with the tree in it, hashing it for each newcomer would cost N times N.
  const encrypt = encryptorWithLabel(suite, { label: 'Welcome', context: encryptedGroupInfo });
  const secrets = applied.added.map((member) => encryptSecrets(request, member, encrypt));
  return { cipherSuite: suite.id, secrets, encryptedGroupInfo };
}

function encryptSecrets(
  request: WelcomeRequest,
  { leafIndex, keyPackage }: AddedMember,
  encrypt: Encrypt,
): EncryptedGroupSecrets {
  const { suite, scheduled, applied, committer, pathSecrets } = request;
  const shared = commonAncestor(committer, leafIndex);
  const pathSecret = pathSecrets && {
    pathSecret: required(pathSecrets.get(shared), 'the path secret of a common ancestor'),
  };
  const plaintext = encode(GroupSecrets, {
    joinerSecret: scheduled.joinerSecret,
    pathSecret,
    psks: applied.psks,
  });
  const encryptedGroupSecrets = encrypt(keyPackage.initKey, plaintext);
  wipe(plaintext);
  return { newMember: keyPackageRef(suite, keyPackage), encryptedGroupSecrets };
}
