/**
 * The blocks that are played in the warm group.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { equal } from '@canopy/crypto';
import type { OperationName } from '../operations.ts';
import { NotOffered } from '../peers/peer.ts';
import type { Block } from './block.ts';
import type { Company } from './company.ts';
import {
  commitWithin,
  deliver,
  requireAgreement,
  requireWelcome,
  warmAgain,
  type LiveGroup,
} from './live-group.ts';
import type { Measurement } from './measurement.ts';
import { treeBytesOf } from './message-sizes.ts';

const warm = { tree: 'warm', fewest: 2 } as const;

const commit: Block = {
  ...warm,
  name: 'commit',
  operations: ['commit-create', 'commit-process-near'],
  async play(company, measurement) {
    const { first, near, far, bytesOfFar } = await company.live();
    if (bytesOfFar !== undefined) {
      measurement.size('memory-per-member', Math.round(bytesOfFar / company.stage.members));
    }
    const made = await measurement.time('commit-create', () => first.commit({}));
    measurement.size('commit', made.commit.length);
    await measurement.time('commit-process-near', () => near.process(made.commit));
    await deliver(made.commit, [far]);
  },
};

const commitFar: Block = {
  ...warm,
  name: 'commit-far',
  operations: ['commit-process-far'],
  fewest: 3,
  async play(company, measurement) {
    const { first, near, far } = await company.live();
    const made = await first.commit({});
    await measurement.time('commit-process-far', () => deliver(made.commit, [far]));
    await deliver(made.commit, [near]);
  },
};

const membership: Block = {
  ...warm,
  name: 'membership',
  operations: ['add-create', 'add-process', 'join'],
  async play(company, measurement) {
    const live = await company.live();
    const { first, near, far } = live;
    const newcomer = await company.createClient('newcomer');
    const add = [await newcomer.createKeyPackage()];
    const added = await measurement.time('add-create', () => first.commit({ add }));
    await measurement.time('add-process', () => near.process(added.commit));
    await deliver(added.commit, [far]);
    const welcome = requireWelcome(added.welcome);
    measurement.size('welcome', welcome.length);
    const tree = await first.ratchetTree();
    if (tree !== undefined) measurement.size('tree', tree.length);
    const joined = await measurement.time('join', () => newcomer.join(welcome, tree));
    await requireAgreement([first, joined]);
    await removeOrLeave(company, live);
  },
};

/** A library that removes nobody has to begin anew. */
async function removeOrLeave(company: Company, live: LiveGroup): Promise<void> {
  try {
    await removeFrom(live, company.stage.members, 1);
  } catch (error) {
    if (!(error instanceof NotOffered)) throw error;
    company.leave();
  }
}

const removal: Block = {
  ...warm,
  name: 'removal',
  operations: ['remove-create', 'remove-process'],
  async play(company, measurement) {
    const live = await company.live();
    const { first, near, far } = live;
    const keyPackage = await (await company.createClient('newcomer')).createKeyPackage();
    const added = await first.commit({ add: [keyPackage] });
    await deliver(added.commit, [near, far]);
    const remove = [company.stage.members];
    const removed = await measurement.time('remove-create', () => first.commit({ remove }));
    await measurement.time('remove-process', () => near.process(removed.commit));
    requirePath(removed.commit, keyPackage);
    await deliver(removed.commit, [far]);
    await warmAgain(live);
  },
};

/**
 * Requires that an encrypted commit has a path: it is then longer than a KeyPackage, since it carries a leaf as well, and
 * more beside it. Without one, a removed member could go on reading, and the figure would be of something else.
 */
function requirePath(commitMessage: Uint8Array, keyPackage: Uint8Array): void {
  if (commitMessage.length < keyPackage.length) {
    throw new Error('it commits a Remove without a path, which RFC 9420 (12.4) demands');
  }
}

const REFERENCES = 10;

const references: Block = {
  ...warm,
  name: 'references',
  operations: ['commit-10-references-create', 'commit-10-references-process'],
  async play(company, measurement) {
    const live = await company.live();
    const { first, near, far } = live;
    const { members, cast } = company.stage;
    for (const keyPackage of cast.keyPackages(members, REFERENCES)) {
      await deliver(await near.proposeAdd(keyPackage), [first, far]);
    }
    const made = await measurement.time('commit-10-references-create', () => first.commit({}));
    await measurement.time('commit-10-references-process', () => near.process(made.commit));
    await deliver(made.commit, [far]);
    await removeFrom(live, members, REFERENCES);
  },
};

const external: Block = {
  ...warm,
  name: 'external',
  operations: ['external-join', 'external-join-process'],
  async play(company, measurement) {
    const live = await company.live();
    const { first, near, far } = live;
    // Some libraries give a GroupInfo only with a commit of their own.
    await commitWithin(live, first);
    const groupInfo = await first.groupInfo();
    if (company.peer.treeOfWelcome === 'inside') measurement.size('tree', treeBytesOf(groupInfo));
    const joiner = await company.createClient('external joiner');
    const joined = await measurement.time('external-join', () => joiner.joinExternally(groupInfo));
    await measurement.time('external-join-process', () => first.process(joined.commit));
    await deliver(joined.commit, [near, far]);
    await requireAgreement([first, joined.member]);
    await removeFrom(live, company.stage.members, 1);
  },
};

/** Puts out the last members. */
async function removeFrom(live: LiveGroup, leafIndex: number, count: number): Promise<void> {
  const remove = Array.from({ length: count }, (_, i) => leafIndex + i);
  const removed = await live.first.commit({ remove });
  await deliver(removed.commit, [live.near, live.far]);
  await warmAgain(live);
}

/** How often a message is sent in one play. */
const MESSAGES = 3;

const messages: Block = {
  ...warm,
  name: 'messages',
  operations: ['protect-100', 'unprotect-100', 'protect-10240', 'unprotect-10240'],
  async play(company, measurement) {
    const live = await company.live();
    for (let i = 0; i < MESSAGES; i++) {
      await sendMessage(live, measurement, { bytes: 100, names: ['protect-100', 'unprotect-100'] });
      await sendMessage(live, measurement, { bytes: 10_240, names: ['protect-10240', 'unprotect-10240'] });
    }
  },
};

async function sendMessage(
  { first, near }: LiveGroup,
  measurement: Measurement,
  { bytes, names }: { readonly bytes: number; readonly names: readonly [OperationName, OperationName] },
): Promise<void> {
  const data = new Uint8Array(randomBytes(bytes));
  const message = await measurement.time(names[0], () => first.protect(data));
  const received = await measurement.time(names[1], () => near.process(message));
  if (received === undefined || !equal(received, data)) throw new Error('a message came out changed');
}

const savingMessage: Block = {
  ...warm,
  name: 'saving-message',
  operations: ['save-message'],
  async play(company, measurement) {
    const { first, near } = await company.live();
    await near.save();
    await deliver(await first.protect(new Uint8Array(randomBytes(100))), [near]);
    await measurement.time('save-message', () => near.save());
  },
};

const saving: Block = {
  ...warm,
  name: 'saving',
  operations: ['save-commit'],
  async play(company, measurement) {
    const { first, near, far } = await company.live();
    await near.save();
    const made = await first.commit({});
    await deliver(made.commit, [near, far]);
    await measurement.time('save-commit', () => near.save());
  },
};

const loading: Block = {
  ...warm,
  name: 'loading',
  operations: ['load'],
  async play(company, measurement) {
    const { first, near } = await company.live();
    await near.save();
    const loaded = await measurement.time('load', () => near.load());
    await requireAgreement([first, loaded]);
  },
};

/** The blocks that are played in the warm group. */
export const warmBlocks: readonly Block[] = [
  commit,
  commitFar,
  membership,
  removal,
  references,
  external,
  messages,
  savingMessage,
  saving,
  loading,
];
