import { createExtension } from '../src/extensions/extension.ts';
import { ExternalSenders } from '../src/extensions/external-senders.ts';
import { SenderType, type Sender } from '../src/framing/content.ts';
import { defaultPolicy } from '../src/policy.ts';
import { ExtensionType } from '../src/registries.ts';
import { expectConversation, groupOf, party, type Peer } from './parties.ts';

const [server, archive] = [party('server'), party('archive')];
/** The group's extensions: two external senders. */
export const extensions = [
  createExtension(
    ExtensionType.externalSenders,
    ExternalSenders,
    [server, archive].map(({ identity }) => ({
      signatureKey: identity.signatureKeyPair.publicKey,
      credential: identity.credential,
    })),
  ),
];
/** The sender of an index in `external_senders`. */
export const external = (senderIndex: number): Sender => ({
  senderType: SenderType.external,
  senderIndex,
});
/** The private key of external sender 0. */
export const serverKey = server.identity.signatureKeyPair.privateKey;
const open = { policy: { ...defaultPolicy, allowNewMemberProposals: true } };

/** Makes three acquainted members of a group with two external senders; applicants are welcome. */
export async function served(): Promise<readonly [Peer, Peer, Peer]> {
  const [alice, bob, carol] = await groupOf(['alice', 'bob', 'carol'], { options: open }, { extensions });
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
  await expectConversation([alice, bob, carol]);
  return [alice, bob, carol];
}
