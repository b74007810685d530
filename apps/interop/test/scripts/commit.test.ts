import { playScripts } from '../matrix.ts';
import { describeProposal, randomPsk, type Actor, type Stage } from '../stage.ts';

const name = ({ name: text }: Actor): Uint8Array => Buffer.from(text, 'utf8');

/** required_capabilities that require nothing. */
const extensions = [{ extensionType: 3, extensionData: new Uint8Array(3) }];

async function commitAllKinds(
  stage: Stage,
  [proposer, committer, leaving]: readonly [Actor, Actor, Actor],
  [byReference, byValue]: readonly [Actor, Actor],
): Promise<void> {
  const members = [proposer, committer, leaving];
  const [first, second] = [randomPsk(), randomPsk()];
  const references = [
    await stage.add(proposer, byReference),
    await stage.proposeExtensions(proposer, extensions),
    await stage.proposeExternalPsk(proposer, first.pskId),
    await stage.proposeResumptionPsk(proposer, 1n),
    await stage.remove(proposer, leaving),
  ];
  const values = [
    describeProposal('add', { keyPackage: await stage.keyPackage(byValue) }),
    describeProposal('externalPSK', { pskId: second.pskId }),
  ];
  for (const psk of [first, second]) await stage.storePsk(psk, members);
  if (proposer !== committer) references.push(await stage.update(proposer));
  await stage.commit(committer, {
    byReference: references,
    byValue: values,
    members: [proposer, committer].filter((member) => member !== committer),
  });
  await stage.end([proposer, committer]);
  await stage.free(leaving);
}

playScripts('commit', {
  async empty(stage) {
    const [alice, bob, carol] = stage.five;
    await stage.group(alice, bob, carol);
    await stage.commit(bob, { members: [alice, carol] });
    await stage.commit(carol, { members: [alice, bob], forcePath: true });
    await stage.end([alice, bob, carol]);
  },

  async add(stage) {
    const [alice, bob, carol, dave, erin] = stage.five;
    await stage.group(alice, bob);
    const byReference = [await stage.add(bob, carol)];
    await stage.commit(bob, { byReference, members: [alice], joiners: [carol] });
    const byValue = [describeProposal('add', { keyPackage: await stage.keyPackage(dave) })];
    await stage.commit(carol, { byValue, members: [alice, bob], joiners: [dave] });
    const byAnother = [await stage.add(alice, erin)];
    await stage.commit(dave, {
      byReference: byAnother,
      members: [alice, bob, carol],
      joiners: [erin],
      forcePath: true,
    });
    await stage.converse([alice, bob, carol, dave, erin]);
    await stage.end([alice, bob, carol, dave, erin]);
  },

  async remove(stage) {
    const [alice, bob, carol, dave] = stage.five;
    await stage.group(alice, bob, carol, dave);
    const byReference = [await stage.remove(alice, bob)];
    await stage.commit(carol, { byReference, members: [alice, dave] });
    const byValue = [describeProposal('remove', { removedId: name(carol) })];
    await stage.commit(alice, { byValue, members: [dave] });
    await stage.converse([alice, dave]);
    await stage.end([alice, dave]);
    for (const gone of [bob, carol]) await stage.free(gone);
  },

  async update(stage) {
    const [alice, bob, carol] = stage.five;
    await stage.group(alice, bob, carol);
    const byReference = [await stage.update(alice), await stage.update(bob)];
    await stage.commit(carol, { byReference, members: [alice, bob] });
    await stage.commit(alice, { byReference: [await stage.update(carol)], members: [bob, carol] });
    await stage.converse([alice, bob, carol]);
    await stage.end([alice, bob, carol]);
  },

  async group_context_extensions(stage) {
    const [alice, bob, carol] = stage.five;
    await stage.group(alice, bob, carol);
    const byReference = [await stage.proposeExtensions(alice, extensions)];
    await stage.commit(bob, { byReference, members: [alice, carol] });
    const byValue = [describeProposal('groupContextExtensions', { extensions: [] })];
    await stage.commit(carol, { byValue, members: [alice, bob] });
    await stage.end([alice, bob, carol]);
  },

  async external_psk(stage) {
    const [alice, bob, carol] = stage.five;
    await stage.group(alice, bob, carol);
    const psk = randomPsk();
    await stage.storePsk(psk, [alice, bob, carol]);
    const byReference = [await stage.proposeExternalPsk(alice, psk.pskId)];
    await stage.commit(bob, { byReference, members: [alice, carol] });
    const byValue = [describeProposal('externalPSK', { pskId: psk.pskId })];
    await stage.commit(carol, { byValue, members: [alice, bob] });
    await stage.end([alice, bob, carol]);
  },

  async resumption_psk(stage) {
    const [alice, bob, carol] = stage.five;
    await stage.group(alice, bob, carol);
    for (const committer of [bob, carol, alice]) {
      const members = [alice, bob, carol].filter((actor) => actor !== committer);
      await stage.commit(committer, { members });
    }
    const byReference = [
      await stage.proposeResumptionPsk(alice, 1n),
      await stage.proposeResumptionPsk(alice, 2n),
      await stage.proposeResumptionPsk(alice, 4n),
    ];
    await stage.commit(bob, { byReference, members: [alice, carol] });
    const byValue = [3n, 5n].map((epochId) => describeProposal('resumptionPSK', { epochId }));
    await stage.commit(carol, { byValue, members: [alice, bob] });
    await stage.end([alice, bob, carol]);
  },

  async all_together_alice_proposes(stage) {
    const [alice, bob, carol, dave, erin] = stage.five;
    await stage.group(alice, bob, carol);
    await commitAllKinds(stage, [alice, bob, carol], [dave, erin]);
  },

  async all_together_bob_proposes(stage) {
    const [alice, bob, carol, dave, erin] = stage.five;
    await stage.group(alice, bob, carol);
    await commitAllKinds(stage, [bob, alice, carol], [dave, erin]);
  },
});
