import { playScripts } from '../matrix.ts';
import { randomPsk } from '../stage.ts';

playScripts('welcome_join', {
  async no_path_secret(stage) {
    const [alice, bob] = stage.five;
    await stage.createGroup(alice);
    await stage.commit(alice, { byReference: [await stage.add(alice, bob)], joiners: [bob] });
    await stage.end([alice, bob]);
  },

  async with_path_secret(stage) {
    const [alice, bob] = stage.five;
    await stage.createGroup(alice);
    const byReference = [await stage.add(alice, bob)];
    await stage.commit(alice, { byReference, joiners: [bob], forcePath: true });
    await stage.end([alice, bob]);
  },

  async with_psk(stage) {
    const [alice, bob] = stage.five;
    await stage.createGroup(alice);
    const psk = randomPsk();
    const byReference = [await stage.add(alice, bob)];
    await stage.storePsk(psk, [alice], [bob]);
    byReference.push(await stage.proposeExternalPsk(alice, psk.pskId));
    await stage.commit(alice, { byReference, joiners: [bob] });
    await stage.end([alice, bob]);
  },

  async with_external_tree(stage) {
    const [alice, bob] = stage.five;
    await stage.createGroup(alice);
    const byReference = [await stage.add(alice, bob)];
    await stage.commit(alice, { byReference, joiners: [bob], externalTree: true });
    await stage.end([alice, bob]);
  },
});
