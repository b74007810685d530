import { playScripts } from '../matrix.ts';
import { randomPsk } from '../stage.ts';

playScripts('external_join', {
  async normal(stage) {
    const [alice, bob] = stage.five;
    await stage.createGroup(alice);
    await stage.joinExternally(bob, [alice]);
    await stage.converse([alice, bob]);
    await stage.commit(bob, { members: [alice] });
    await stage.end([alice, bob]);
  },

  async with_psk(stage) {
    const [alice, bob] = stage.five;
    await stage.createGroup(alice);
    const psks = [randomPsk(), randomPsk()];
    for (const psk of psks) await stage.storePsk(psk, [alice]);
    await stage.joinExternally(bob, [alice], { psks });
    await stage.end([alice, bob]);
  },

  async removing_prior(stage) {
    const [alice, bob, carol] = stage.five;
    await stage.group(alice, bob, carol);
    const before = { ...bob };
    await stage.joinExternally(bob, [alice, carol], { removePrior: true });
    await stage.converse([alice, bob, carol]);
    await stage.end([alice, bob, carol]);
    await stage.free(before);
  },

  async with_external_tree(stage) {
    const [alice, bob] = stage.five;
    await stage.createGroup(alice);
    await stage.joinExternally(bob, [alice], { externalTree: true });
    await stage.end([alice, bob]);
  },

  async with_more_members(stage) {
    const [alice, bob, carol, dave, erin] = stage.five;
    await stage.group(alice, bob, carol);
    await stage.joinExternally(dave, [bob, alice, carol]);
    await stage.joinExternally(erin, [dave, alice, bob, carol]);
    await stage.converse([alice, bob, carol, dave, erin]);
    await stage.end([alice, bob, carol, dave, erin]);
  },
});
