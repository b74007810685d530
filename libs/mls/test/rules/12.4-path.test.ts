import { describe, expect, it } from '@jest/globals';

import { ContentType } from '../../src/framing/content.ts';
import { decodeMessage, encodeMessage } from '../../src/framing/message.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { needsPath } from '../../src/proposals/proposal-list.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { commitIn, forge } from '../forge.ts';
import {
  addOf,
  announce,
  bytes,
  empty,
  expectAgreement,
  follow,
  joiner,
  party,
  type Peer,
  reversedPsks,
} from '../parties.ts';
import { noExtensions, reinit } from '../refusal/bad-commits.ts';
import { byReference, byValue, framedPathless, removeLeaf } from './12.1-proposals.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';

const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const knowing = { options: { psks: reversedPsks } };
const psk: Proposal = {
  proposalType: ProposalType.psk,
  psk: { pskType: 1, pskId: bytes('id'), pskNonce: new Uint8Array(32) },
};

/** The reference under which a member knows the newest proposal. */
const newest = ({ group }: Peer): Uint8Array => group.state.proposals.at(-1)?.reference ?? empty;

/** What the registry says of each type: whether a commit of it needs a path. */
const registry: readonly [name: string, needed: boolean, make: (peers: readonly Peer[]) => Proposal][] = [
  ['add', false, () => addOf(joiner(party('dave')))],
  ['remove', true, () => removeLeaf(2)],
  ['psk', false, () => psk],
  ['reinit', false, () => reinit],
  ['group_context_extensions', true, () => noExtensions],
];

describe('the path of a commit', () => {
  it.each(registry)(
    'of one %s is needed: %s; made only where it has to be, and missed where it is not there [R12.4-10, R12.4-11, R12.4-12, R12.4.1-02, R12.4.2-06]',
    async (_name, needed, make) => {
      const [alice, bob, carol] = await acquainted(knowing);
      const proposal = make([alice, bob, carol]);
      const request = { proposals: [proposal], wireFormat: WireFormat.publicMessage };
      const { message, staged } = await alice.group.commit(request);
      alice.group.drop(staged);
      expect(commitIn(message).path !== undefined).toBe(needed);
      const [code, requirement] = needed
        ? (['PATH_REQUIRED', 'R12.4-10'] as const)
        : (['INVALID_CONFIRMATION_TAG', 'R12.4.2-12'] as const);
      await expectRefused(bob, framedPathless(alice, {}, byValue(proposal)), code, requirement);
      const forced = await alice.group.commit({ ...request, forcePath: true });
      expect(commitIn(forced.message).path).toBeDefined();
      alice.group.keep(forced.staged);
      const effects = (await follow(bob, forced.message)).effects;
      expect(effects.committerLeaf).toBeDefined();
      expectAgreement([alice, bob]);
    },
  );

  it('of an Update by reference is needed [R12.4-11, R12.4.1-02]', async () => {
    const members = await acquainted();
    const [alice, bob, carol] = members;
    await announce(await carol.group.proposeUpdate(framing), alice, bob);
    await expectRefused(
      bob,
      framedPathless(alice, {}, byReference(newest(bob))),
      'PATH_REQUIRED',
      'R12.4-10',
    );
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    expect(commitIn(message).path).toBeDefined();
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement(members);
  });

  it('is needed when one of several proposals needs it, and when there is none [R12.4-10, R12.4-11]', async () => {
    const [alice, bob, carol] = await acquainted(knowing);
    await expectRefused(bob, framedPathless(alice, {}), 'PATH_REQUIRED', 'R12.4-10');
    const mixed = framedPathless(
      alice,
      {},
      byValue(psk),
      byValue(addOf(joiner(party('dave')))),
      byValue(removeLeaf(2)),
    );
    await expectRefused(bob, mixed, 'PATH_REQUIRED', 'R12.4-10');
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    alice.group.drop(staged);
    expect(commitIn(message)).toMatchObject({ proposals: [], path: {} });
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is decided by the type for every type there is, external_init too [R12.4-11, R12.4-12]', () => {
    const sender = { senderType: 1, leafIndex: toLeafIndex(0) } as const;
    const needs = (proposal: Proposal): boolean => needsPath([{ proposal, sender, reference: undefined }]);
    expect(needs({ proposalType: ProposalType.externalInit, kemOutput: empty })).toBe(true);
    for (const [, needed, make] of registry) expect(needs(make([]))).toBe(needed);
  });

  it.each([0x0008, 0x000a, 0xf001])(
    'of a type that this library does not know, %i, is not guessed: such a commit is not read [R12.4-12]',
    async (type) => {
      const [alice, bob, carol] = await acquainted();
      const commit = { proposals: [byValue(removeLeaf(2))], path: undefined };
      const encoded = encodeMessage(forge(alice, { contentType: ContentType.commit, commit }));
      const at = Buffer.from(encoded).indexOf(Buffer.from([7, 1, 0, 3, 0, 0, 0, 2]));
      expect(at).toBeGreaterThan(0);
      const changed = encoded.with(at + 2, type >> 8).with(at + 3, type & 0xff);
      expect(() => decodeMessage(changed)).toThrow(expect.objectContaining({ name: 'CodecError' }));
      await expectGoesOn(bob, [alice, bob, carol]);
    },
  );
});
