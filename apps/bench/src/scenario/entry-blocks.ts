/**
 * The blocks that are played outside of the warm group: making groups, and entering the other kinds of tree.
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import type { Block } from './block.ts';
import { foundWith, prepareFounding } from './fresh-group.ts';
import { requireAgreement, requireWelcome } from './live-group.ts';

/** How many are made in one play. */
const KEY_PACKAGES = 3;

const keyPackage: Block = {
  name: 'key-package',
  tree: 'fresh',
  operations: ['key-package'],
  fewest: 2,
  async play(company, measurement) {
    const client = await company.createClient('client');
    for (let i = 0; i < KEY_PACKAGES; i++) {
      await measurement.time('key-package', () => client.createKeyPackage());
    }
  },
};

const founding: Block = {
  name: 'founding',
  tree: 'fresh',
  operations: ['create-group', 'join'],
  fewest: 2,
  async play(company, measurement) {
    const casting = await prepareFounding(company.peer, company.stage);
    const created = await measurement.time('create-group', () => foundWith(casting));
    const welcome = requireWelcome(created.welcome);
    measurement.size('welcome', welcome.length);
    const tree = await created.member.ratchetTree();
    const joined = await measurement.time('join', () => casting.joiner.join(welcome, tree));
    await requireAgreement([created.member, joined]);
  },
};

const freshCommit: Block = {
  name: 'fresh-commit',
  tree: 'fresh',
  operations: ['commit-create', 'commit-process-far'],
  fewest: 2,
  async play(company, measurement) {
    const { founder, last: far } = await company.fresh();
    const made = await measurement.time('commit-create', () => founder.commit({}));
    measurement.size('commit', made.commit.length);
    await measurement.time('commit-process-far', () => far.process(made.commit));
    await requireAgreement([founder, far]);
  },
};

const unmerged: Block = {
  name: 'unmerged',
  tree: 'unmerged',
  operations: ['join'],
  fewest: 3,
  async play(company, measurement) {
    const joiner = await company.createClient('joiner');
    const { stage, peer } = company;
    const invitation = await stage.inviteUnmerged(await joiner.createKeyPackage(), peer.treeOfWelcome);
    const { welcome, ratchetTree, proofs } = invitation;
    const joined = await measurement.time('join', () => joiner.join(welcome, ratchetTree));
    const shown = await joined.epochAuthenticator();
    if (!proofs.some((proof) => equal(proof, shown))) {
      throw new Error('it has joined another epoch: the epoch authenticators differ');
    }
  },
};

/** The blocks that are played outside of the warm group. */
export const entryBlocks: readonly Block[] = [keyPackage, founding, freshCommit, unmerged];
