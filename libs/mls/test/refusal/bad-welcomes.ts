import type { MLSMessage } from '../../src/framing/message.ts';
import { empty, suite1 } from '../parties.ts';
import { asMessage, forgeWelcome, type Invited, type WelcomeForgery } from './forge-welcome.ts';

/*
 * Welcomes that a joiner has to refuse, each with one fault.
 */

/** A kind of Welcome that is refused: what is wrong, with which code and requirement, and how it is made. */
export interface BadWelcome {
  readonly what: string;
  readonly code: string;
  readonly requirement: string;
  readonly make: (invited: Invited) => MLSMessage;
}

const forging =
  (how: WelcomeForgery): BadWelcome['make'] =>
  (invited) =>
    forgeWelcome(invited, how);

/** Welcomes that are refused at each of the steps of the RFC, in its order. */
export const badWelcomes: readonly BadWelcome[] = [
  {
    what: 'that is for nobody [R12.4.3.1-02]',
    code: 'NO_MATCHING_KEY_PACKAGE',
    requirement: 'R12.4.3.1-02',
    make: ({ welcome }) => asMessage({ ...welcome, secrets: [] }),
  },
  {
    what: 'that is for another KeyPackage [R12.4.3.1-02]',
    code: 'NO_MATCHING_KEY_PACKAGE',
    requirement: 'R12.4.3.1-02',
    make: ({ welcome }) =>
      asMessage({
        ...welcome,
        secrets: welcome.secrets.map((entry) => ({ ...entry, newMember: suite1.random(32) })),
      }),
  },
  {
    what: 'of another cipher suite [R12.4.3.1-03]',
    code: 'WRONG_CIPHER_SUITE',
    requirement: 'R12.4.3.1-03',
    make: ({ welcome }) => asMessage({ ...welcome, cipherSuite: 3 }),
  },
  {
    what: 'whose GroupInfo was replaced, which the secrets are bound to [R12.4.3.1-04]',
    code: 'INVALID_WELCOME',
    requirement: 'R12.4.3.1-04',
    make: ({ welcome }) =>
      asMessage({ ...welcome, encryptedGroupInfo: suite1.random(welcome.encryptedGroupInfo.length) }),
  },
  {
    what: 'whose secrets do not decrypt [R12.4.3.1-04]',
    code: 'INVALID_WELCOME',
    requirement: 'R12.4.3.1-04',
    make: ({ welcome }) =>
      asMessage({
        ...welcome,
        secrets: welcome.secrets.map(({ newMember, encryptedGroupSecrets: { kemOutput } }) => ({
          newMember,
          encryptedGroupSecrets: { kemOutput, ciphertext: suite1.random(70) },
        })),
      }),
  },
  {
    what: 'that needs a PSK which the joiner does not have [R12.4.3.1-05]',
    code: 'PSK_NOT_AVAILABLE',
    requirement: 'R12.4.3.1-05',
    make: forging({
      secrets: (secrets) => ({
        ...secrets,
        psks: [{ pskType: 2, usage: 1, pskGroupId: empty, pskEpoch: 1n, pskNonce: new Uint8Array(32) }],
      }),
    }),
  },
  {
    what: 'with a reinit and a branch PSK [R12.4.3.1-06]',
    code: 'INVALID_WELCOME',
    requirement: 'R12.4.3.1-06',
    make: forging({
      secrets: (secrets) => ({
        ...secrets,
        psks: ([2, 3] as const).map((usage) => ({
          pskType: 2,
          usage,
          pskGroupId: empty,
          pskEpoch: 1n,
          pskNonce: new Uint8Array(32),
        })),
      }),
    }),
  },
  {
    what: 'whose GroupInfo is encrypted with other secrets [R12.4.3.1-07]',
    code: 'INVALID_WELCOME',
    requirement: 'R12.4.3.1-07',
    make: forging({ secrets: (secrets) => ({ ...secrets, joinerSecret: suite1.random(32) }) }),
  },
  {
    what: 'whose GroupInfo names another suite [R12.4.3.1-08]',
    code: 'WRONG_CIPHER_SUITE',
    requirement: 'R12.4.3.1-08',
    make: forging({
      groupInfo: (info) => ({ ...info, groupContext: { ...info.groupContext, cipherSuite: 2 } }),
    }),
  },
  {
    what: 'whose GroupInfo is signed by nobody of the group [R12.4.3-06]',
    code: 'INVALID_SIGNATURE',
    requirement: 'R12.4.3-06',
    make: forging({ signaturePrivateKey: suite1.signature.generateKeyPair().privateKey }),
  },
  {
    what: 'with another path secret [R12.4.3.1-17]',
    code: 'INVALID_PATH',
    requirement: 'R12.4.3.1-17',
    make: forging({
      secrets: (secrets) => ({ ...secrets, pathSecret: { pathSecret: suite1.random(32) } }),
    }),
  },
  {
    what: 'whose tag does not confirm the epoch [R12.4.3.1-19]',
    code: 'INVALID_CONFIRMATION_TAG',
    requirement: 'R12.4.3.1-19',
    make: forging({ groupInfo: (info) => ({ ...info, confirmationTag: suite1.random(32) }) }),
  },
  {
    what: 'whose tag is cut [R12.4.3.1-19]',
    code: 'INVALID_CONFIRMATION_TAG',
    requirement: 'R12.4.3.1-19',
    make: forging({
      groupInfo: (info) => ({ ...info, confirmationTag: info.confirmationTag.subarray(1) }),
    }),
  },
  {
    what: 'whose context is not that of its secrets [R12.4.3.1-19]',
    code: 'INVALID_CONFIRMATION_TAG',
    requirement: 'R12.4.3.1-19',
    make: forging({
      groupInfo: (info) => ({ ...info, groupContext: { ...info.groupContext, epoch: 77n } }),
    }),
  },
];
