import { playScripts } from '../matrix.ts';
import type { Actor, Stage } from '../stage.ts';
import { endWithReInit, goOn } from '../subgroups.ts';

const groupId = Buffer.from('the group of this script');
const extensions = [{ extensionType: 3, extensionData: new Uint8Array(3) }];

/** A group with a known id, of everybody. */
async function five(stage: Stage): Promise<readonly [Actor, Actor, Actor, Actor, Actor]> {
  const [alice, ...others] = stage.five;
  await stage.createGroup(alice, groupId);
  const byReference: Uint8Array[] = [];
  for (const other of others) byReference.push(await stage.add(alice, other));
  await stage.commit(alice, { byReference, joiners: others, forcePath: true });
  return stage.five;
}

/** One proposes, one commits, one founds the new group; then it is lived in. */
async function reinitialize(
  stage: Stage,
  next: { groupId?: Uint8Array; cipherSuite?: number; extensions?: typeof extensions },
  how: { readonly forcePath?: boolean; readonly externalTree?: boolean; readonly same?: boolean } = {},
): Promise<void> {
  const everybody = await five(stage);
  const [alice, bob, carol] = everybody;
  const [proposer, committer, founder] = how.same === true ? [bob, bob, bob] : [alice, bob, carol];
  const proposal = await stage.proposeReInit(proposer, {
    groupId,
    cipherSuite: stage.cipherSuite,
    extensions: [],
    ...next,
  });
  const without = (who: Actor): Actor[] => everybody.filter((actor) => actor !== who);
  await endWithReInit(committer, without(committer), proposal);
  await goOn(founder, without(founder), how);
  await stage.converse(everybody);
  await stage.commit(alice, { members: without(alice) });
  await stage.end(everybody);
}

playScripts('reinit', {
  change_ciphersuite: (stage) => reinitialize(stage, { cipherSuite: (stage.cipherSuite % 7) + 1 }),
  change_group_id: (stage) => reinitialize(stage, { groupId: Buffer.from('another id') }),
  change_extensions: (stage) => reinitialize(stage, { extensions }),
  all_same_actor: (stage) => reinitialize(stage, { groupId: Buffer.from('another id') }, { same: true }),
  external_tree: (stage) =>
    reinitialize(stage, { groupId: Buffer.from('another id') }, { externalTree: true }),
  force_path: (stage) => reinitialize(stage, { groupId: Buffer.from('another id') }, { forcePath: true }),
});
