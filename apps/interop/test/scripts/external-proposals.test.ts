import { expect } from '@jest/globals';

import { playScripts } from '../matrix.ts';
import { appoint, askToBeAdded, proposeAs } from '../signers.ts';
import { describeProposal, randomPsk, type Actor } from '../stage.ts';
import { endWithReInit, goOn } from '../subgroups.ts';

const name = ({ name: text }: Actor): Uint8Array => Buffer.from(text, 'utf8');

playScripts('external_proposals', {
  async joiner_signed_add(stage) {
    const [alice, bob, carol] = stage.five;
    await stage.group(alice, bob);
    const byReference = [await askToBeAdded(stage, carol, alice)];
    await stage.commit(bob, { byReference, members: [alice], joiners: [carol] });
    await stage.converse([alice, bob, carol]);
    await stage.end([alice, bob, carol]);
  },

  async external_add(stage) {
    const [alice, bob, carol, signer] = stage.five;
    await stage.group(alice, bob);
    const external = await appoint(stage, signer, [alice, bob]);
    const add = describeProposal('add', { keyPackage: await stage.keyPackage(carol) });
    const byReference = [await proposeAs(stage, external, bob, [add, true])];
    await stage.commit(alice, { byReference, members: [bob], joiners: [carol] });
    await stage.end([alice, bob, carol]);
  },

  async external_remove(stage) {
    const [alice, bob, carol, signer] = stage.five;
    await stage.group(alice, bob, carol);
    const external = await appoint(stage, signer, [bob, alice, carol]);
    const remove = describeProposal('remove', { removedId: name(carol) });
    const byReference = [await proposeAs(stage, external, alice, [remove])];
    await stage.commit(alice, { byReference, members: [bob] });
    await stage.end([alice, bob]);
    await stage.free(carol);
  },

  async external_psk(stage) {
    const [alice, bob, signer] = stage.five;
    await stage.group(alice, bob);
    const external = await appoint(stage, signer, [alice, bob]);
    const psk = randomPsk();
    await stage.storePsk(psk, [alice, bob]);
    const description = describeProposal('externalPSK', { pskId: psk.pskId });
    const byReference = [await proposeAs(stage, external, alice, [description])];
    await stage.commit(bob, { byReference, members: [alice] });
    await stage.end([alice, bob]);
  },

  async resumption_psk(stage) {
    const [alice, bob, signer] = stage.five;
    await stage.group(alice, bob);
    const external = await appoint(stage, signer, [alice, bob]);
    const description = describeProposal('resumptionPSK', { epochId: 1n });
    const byReference = [await proposeAs(stage, external, alice, [description])];
    await stage.commit(bob, { byReference, members: [alice] });
    await stage.end([alice, bob]);
  },

  async group_context_extensions(stage) {
    const [alice, bob, signer] = stage.five;
    await stage.group(alice, bob);
    const external = await appoint(stage, signer, [alice, bob]);
    const extensions = [{ extensionType: 3, extensionData: new Uint8Array(3) }];
    const description = describeProposal('groupContextExtensions', { extensions });
    const byReference = [await proposeAs(stage, external, bob, [description])];
    await stage.commit(bob, { byReference, members: [alice] });
    // The new list did not name the signer: it has nothing to say any more.
    await expect(proposeAs(stage, external, bob, [description])).rejects.toThrow(/UNKNOWN_SENDER/);
    await stage.end([alice, bob]);
  },

  async multiple_external(stage) {
    const [alice, bob, first, second, dave] = stage.five;
    await stage.group(alice, bob);
    const one = await appoint(stage, first, [alice, bob], 0);
    const two = await appoint(stage, second, [bob, alice], 1);
    const add = describeProposal('add', { keyPackage: await stage.keyPackage(dave) });
    await stage.commit(bob, {
      byReference: [await proposeAs(stage, one, alice, [add])],
      members: [alice],
      joiners: [dave],
    });
    const remove = describeProposal('remove', { removedId: name(dave) });
    const byReference = [await proposeAs(stage, two, alice, [remove])];
    await stage.commit(alice, { byReference, members: [bob] });
    await stage.end([alice, bob]);
    await stage.free(dave);
  },

  async external_reinit(stage) {
    const [alice, bob, signer] = stage.five;
    await stage.group(alice, bob);
    const external = await appoint(stage, signer, [alice, bob]);
    const { cipherSuite } = stage;
    const next = describeProposal('reinit', { groupId: Buffer.from('the next group'), cipherSuite });
    const proposal = await proposeAs(stage, external, alice, [next]);
    await endWithReInit(bob, [alice], proposal);
    await goOn(alice, [bob]);
    await stage.converse([alice, bob]);
    await stage.end([alice, bob]);
  },
});
