import { playScripts } from '../matrix.ts';
import type { Stage } from '../stage.ts';
import { branchOff } from '../subgroups.ts';

async function branch(stage: Stage, how: Parameters<typeof branchOff>[3]): Promise<void> {
  const [alice, bob, carol, dave] = stage.five;
  await stage.group(alice, bob, carol, dave);
  const members = await branchOff(stage, bob, [alice, dave], how);
  await stage.converse(members);
  await stage.converse([alice, bob, carol, dave]);
  const [first, ...others] = members;
  if (first === undefined) throw new Error('somebody expected');
  await stage.commit(first, { members: others });
  await stage.commit(carol, { members: [alice, bob, dave] });
  await stage.end(members);
  await stage.end([alice, bob, carol, dave]);
}

playScripts('branch', {
  base: (stage) => branch(stage, {}),
  with_extensions: (stage) =>
    branch(stage, { extensions: [{ extensionType: 3, extensionData: new Uint8Array(3) }] }),
  external_tree: (stage) => branch(stage, { externalTree: true }),
  force_path: (stage) => branch(stage, { forcePath: true }),
});
