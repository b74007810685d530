/**
 * The sizes of each operation in a setting, for the floor: puppets play the operations once.
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { encodeMessage, Group, GroupInfo } from '@canopy/mls';
import type { CommitShape, Shape } from '../floor/floor.ts';
import type { OperationName, TreeKind } from '../operations.ts';
import { groupOptions } from '../stage/identities.ts';
import { additionsOf, commitAs, playMember, removalsOf, type PuppetGroup } from '../stage/puppet-group.ts';
import type { Stage } from '../stage/stage.ts';
import {
  commitShapeOf,
  plainShape,
  readPath,
  shapeCommit,
  welcomedBytes,
  withProposals,
} from './commit-shapes.ts';
import type { Setting, ShapeOf } from './scenario.ts';
import { changedNodesOf, derivedNodesOf, joinShapeOf } from './tree-shapes.ts';

type Shapes = AsyncGenerator<readonly [OperationName, Shape]>;

const makers: readonly {
  readonly tree: TreeKind;
  readonly fewest: number;
  readonly make: (stage: Stage) => Shapes;
}[] = [
  { tree: 'fresh', fewest: 2, make: shapesOfFounding },
  { tree: 'fresh', fewest: 2, make: shapesOfFreshCommits },
  { tree: 'unmerged', fewest: 3, make: shapesOfUnmerged },
  { tree: 'warm', fewest: 2, make: shapesOfCommits },
  { tree: 'warm', fewest: 2, make: shapesOfMembership },
  { tree: 'warm', fewest: 2, make: shapesOfReferences },
  { tree: 'warm', fewest: 2, make: shapesOfExternalJoin },
  { tree: 'warm', fewest: 2, make: shapesOfMessages },
];

/** Gives the sizes of each operation in a setting that has a floor. */
export async function* shapesOf(stage: Stage, setting: Setting): AsyncGenerator<ShapeOf> {
  const { suite, members, trees } = setting;
  for (const { tree, fewest, make } of makers) {
    if (!trees.includes(tree) || members < fewest) continue;
    for await (const [operation, shape] of make(stage)) yield { operation, tree, members, suite, shape };
  }
}

async function* shapesOfFounding(stage: Stage): Shapes {
  const founded = await stage.fresh();
  const { alone, founding, state } = founded;
  const groupInfoBytes = welcomedBytes(founding);
  const before = plainShape(founded, alone);
  yield ['key-package', before];
  yield ['create-group', { ...before, groupInfoBytes, commit: commitShapeOf(founding, undefined) }];
  yield ['join', { ...plainShape(founded, state), groupInfoBytes, tree: joinShapeOf(state.tree, 0) }];
}

async function* shapesOfFreshCommits(stage: Stage): Shapes {
  const group = await stage.fresh();
  const { created, shape } = await shapeCommit(group, {});
  const before = plainShape(group, group.state);
  const far = derivedNodesOf(created.staged.state.tree, 0, stage.members - 1);
  yield ['commit-create', { ...before, commit: shape }];
  yield ['commit-process-far', { ...before, commit: receivedBy(shape, far) }];
}

async function* shapesOfUnmerged(stage: Stage): Shapes {
  const emptied = await stage.emptied();
  const proposals = additionsOf(stage.cast.puppets(1, stage.members - 2));
  const filling = await commitAs(emptied, 0, { proposals });
  const { state } = filling.staged;
  const tree = joinShapeOf(state.tree, 0);
  yield ['join', { ...plainShape(emptied, state), groupInfoBytes: welcomedBytes(filling), tree }];
}

async function* shapesOfCommits(stage: Stage): Shapes {
  const group = await stage.warm();
  const { created, shape } = await shapeCommit(group, {});
  const before = plainShape(group, group.state);
  const { tree } = created.staged.state;
  yield ['commit-create', { ...before, commit: shape }];
  yield ['commit-process-near', { ...before, commit: receivedBy(shape, derivedNodesOf(tree, 0, 1)) }];
  if (stage.members < 3) return;
  const far = derivedNodesOf(tree, 0, stage.members - 1);
  yield ['commit-process-far', { ...before, commit: receivedBy(shape, far) }];
}

async function* shapesOfMembership(stage: Stage): Shapes {
  const { members, cast } = stage;
  const group = await stage.warm();
  const adding = await shapeCommit(group, { proposals: additionsOf(cast.puppets(members, 1)) });
  const groupInfoBytes = welcomedBytes(adding.created);
  const before = plainShape(group, group.state);
  yield ['add-create', { ...before, groupInfoBytes, commit: adding.shape }];
  yield ['add-process', { ...before, commit: adding.shape }];
  const added = { cast, state: adding.created.staged.state };
  const between = plainShape(added, added.state);
  yield ['join', { ...between, groupInfoBytes, tree: joinShapeOf(added.state.tree, 0) }];
  const removing = await shapeCommit(added, { proposals: removalsOf([members]) });
  const derived = derivedNodesOf(removing.created.staged.state.tree, 0, 1);
  yield ['remove-create', { ...between, commit: removing.shape }];
  yield ['remove-process', { ...between, commit: receivedBy(removing.shape, derived) }];
}

async function* shapesOfReferences(stage: Stage): Shapes {
  const group = await withProposals(await stage.warm(), stage.members, 10);
  const { created, shape } = await shapeCommit(group, {});
  const before = plainShape(group, group.state);
  const groupInfoBytes = welcomedBytes(created);
  yield ['commit-10-references-create', { ...before, groupInfoBytes, commit: shape }];
  yield ['commit-10-references-process', { ...before, commit: shape }];
}

async function* shapesOfExternalJoin(stage: Stage): Shapes {
  const group = await stage.warm();
  const info = { ratchetTree: true, externalPub: true, grease: false };
  const groupInfo = playMember(group, 0).groupInfo(info);
  const commit = await shapeExternalCommit(stage, group, groupInfo);
  const before = plainShape(group, group.state);
  const groupInfoBytes = encode(GroupInfo, groupInfo).length;
  const tree = joinShapeOf(group.state.tree, 0);
  yield ['external-join', { ...before, groupInfoBytes, commit: { ...commit, derived: 0 }, tree }];
  yield ['external-join-process', { ...before, commit }];
}

/** Counts in an external Commit as the member at leaf 0 processes it. */
async function shapeExternalCommit(
  { members, cast }: Stage,
  { state }: PuppetGroup,
  groupInfo: GroupInfo,
): Promise<CommitShape> {
  const { identity, own } = cast.puppet(members);
  const { group, message } = await Group.joinExternally(
    {
      suite: cast.suite,
      groupInfo,
      ratchetTree: undefined,
      identity,
      resync: undefined,
      psks: [],
      authenticatedData: new Uint8Array(0),
    },
    groupOptions,
  );
  // The joiner's tree came over the wire and shares nothing: a leaf in its place changes the same nodes.
  const editor = state.tree.edit();
  const leafIndex = editor.addLeaf(own.keyPackage.leafNode);
  return {
    bytes: encodeMessage(message).length,
    path: readPath(message),
    derived: derivedNodesOf(group.state.tree, leafIndex, 0),
    added: 0,
    references: 0,
    changedNodes: changedNodesOf(state.tree, editor.finish()),
  };
}

async function* shapesOfMessages(stage: Stage): Shapes {
  const group = await stage.warm();
  const before = plainShape(group, group.state);
  yield ['protect-100', { ...before, dataBytes: 100 }];
  yield ['unprotect-100', { ...before, dataBytes: 100 }];
  yield ['protect-10240', { ...before, dataBytes: 10_240 }];
  yield ['unprotect-10240', { ...before, dataBytes: 10_240 }];
}

function receivedBy(shape: CommitShape, derived: number): CommitShape {
  return { ...shape, derived };
}
