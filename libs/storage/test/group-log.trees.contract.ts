/**
 * What every group log does with GroupInfo, ratchet trees and tickets.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import type { GroupLog, NewTicket } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';
import { allPending, commit, group, groupId, NOW_MS, readAll, treeOf } from './group-log.story.ts';

const welcomes = [{ device: 'bob', welcome: named('welcome') }];

/** A tree of several parts, in which every place can be told from every other. */
function largeTree(bytes: number): Uint8Array {
  return new Uint8Array(new Uint32Array(bytes / 4).map((_, i) => i).buffer);
}

async function wholeTree(log: GroupLog, epoch: bigint): Promise<Uint8Array | undefined> {
  const chunk = await log.readTree({ groupId, epoch, offset: 0, maxBytes: 10_000_000 });
  return chunk?.bytes;
}

function ticket(name: string, more: Partial<NewTicket> = {}): NewTicket {
  const tokenHash = named(name);
  const times = { expiresAtMs: NOW_MS + 1000, nowMs: NOW_MS };
  return { groupId, tokenHash, epoch: 0n, ...times, maxTickets: 2, ...more };
}

/** Runs the suite on stores made by `start`. */
export function treesContract(start: StartBench<GroupLog>): void {
  it(
    'keeps the GroupInfo and the tree that a group was opened with, until the first commit',
    on(start, async (log) => {
      await log.createGroup({ ...group, groupInfo: named('info'), ratchetTree: named('tree') });
      const tree = treeOf(named('tree'));
      expect(await log.groupInfo(groupId)).toEqual({ epoch: 0n, groupInfo: named('info'), tree });
      expect(await wholeTree(log, 0n)).toEqual(named('tree'));
      await log.appendCommit(commit(0n, 'a'));
      expect(await log.groupInfo(groupId)).toEqual({
        epoch: 1n,
        groupInfo: named('info a'),
        tree: undefined,
      });
      expect(await wholeTree(log, 0n)).toBeUndefined();
    }),
  );

  it(
    'does not take another GroupInfo for a group that is open',
    on(start, async (log) => {
      await log.createGroup({ ...group, groupInfo: named('info'), ratchetTree: named('tree') });
      const other = { ...group, groupInfo: named('other'), ratchetTree: named('other tree') };
      expect(await log.createGroup(other)).toEqual({ outcome: 'same' });
      expect((await log.groupInfo(groupId))?.groupInfo).toEqual(named('info'));
      expect(await wholeTree(log, 0n)).toEqual(named('tree'));
    }),
  );

  it(
    'reads a tree by chunks, whatever their borders, and nothing beyond its end',
    on(start, async (log) => {
      await log.createGroup(group);
      const ratchetTree = largeTree(200_000);
      await log.appendCommit(commit(0n, 'a', { ratchetTree }));
      const tree = treeOf(ratchetTree);
      for (const maxBytes of [65_536, 65_535, 70_001, 200_000, 1_000_000]) {
        const read: Uint8Array[] = [];
        for (let offset = 0; offset < tree.size; offset += read.at(-1)?.length ?? 0) {
          const chunk = await log.readTree({ groupId, epoch: 1n, offset, maxBytes });
          expect(chunk?.tree).toEqual(tree);
          expect(chunk?.bytes).toHaveLength(Math.min(maxBytes, tree.size - offset));
          read.push(chunk?.bytes ?? new Uint8Array(tree.size));
        }
        expect(Buffer.compare(Buffer.concat(read), ratchetTree)).toBe(0);
      }
      for (const offset of [tree.size, tree.size + 1])
        expect(await log.readTree({ groupId, epoch: 1n, offset, maxBytes: 10 })).toEqual({
          tree,
          bytes: new Uint8Array(),
        });
    }),
  );

  it(
    'keeps the trees of the current epoch and of epochs that began with a Welcome, and no others',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a', { ratchetTree: named('tree 1'), welcomes }));
      await log.appendCommit(commit(1n, 'b', { ratchetTree: named('tree 2') }));
      expect(await wholeTree(log, 2n)).toEqual(named('tree 2'));
      await log.appendCommit(commit(2n, 'c', { ratchetTree: named('tree 3') }));
      expect(await wholeTree(log, 1n)).toEqual(named('tree 1'));
      expect(await wholeTree(log, 2n)).toBeUndefined();
      expect(await wholeTree(log, 3n)).toEqual(named('tree 3'));
      for (const epoch of [0n, 4n, 2n ** 64n - 1n]) expect(await wholeTree(log, epoch)).toBeUndefined();
      expect(await log.readTree({ groupId: named('no'), epoch: 1n, offset: 0, maxBytes: 9 })).toBeUndefined();
    }),
  );

  it(
    'names the tree in the outbox instead of copying it',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.appendCommit(commit(0n, 'a', { ratchetTree: named('tree'), welcomes }));
      await log.appendCommit(commit(1n, 'b', { welcomes }));
      expect((await allPending(log)).map(({ epoch, tree }) => ({ epoch, tree }))).toEqual([
        { epoch: 1n, tree: treeOf(named('tree')) },
        { epoch: 2n, tree: undefined },
      ]);
    }),
  );

  it(
    'registers a ticket once, for one group, until it expires, and as many as allowed',
    on(start, async (log) => {
      await log.createGroup(group);
      expect(await log.addTicket(ticket('t'))).toEqual({ outcome: 'added' });
      expect(await log.addTicket(ticket('t'))).toEqual({ outcome: 'same' });
      expect(await log.addTicket(ticket('u'))).toEqual({ outcome: 'added' });
      expect(await log.addTicket(ticket('v'))).toEqual({ outcome: 'full' });
      expect(await log.hasTicket(groupId, named('v'), NOW_MS)).toBe(false);
      expect(await log.addTicket(ticket('t', { groupId: named('no') }))).toEqual({ outcome: 'unknownGroup' });
      expect(await log.hasTicket(named('no'), named('t'), NOW_MS)).toBe(false);
      expect(await log.hasTicket(groupId, named('t'), NOW_MS + 1000)).toBe(true);
      expect(await log.hasTicket(groupId, named('t'), NOW_MS + 1001)).toBe(false);
      const later = { nowMs: NOW_MS + 1001, expiresAtMs: NOW_MS + 2000 };
      expect(await log.addTicket(ticket('v', later))).toEqual({ outcome: 'added' });
      expect(await log.addTicket(ticket('t', later))).toEqual({ outcome: 'added' });
    }),
  );

  it(
    'uses a ticket up in the commit that shows it, and keeps it for the next one when that commit is refused',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.addTicket(ticket('t'));
      const ticketHash = named('t');
      expect((await log.appendCommit(commit(1n, 'early', { ticketHash }))).outcome).toBe('conflict');
      expect(await log.hasTicket(groupId, ticketHash, NOW_MS)).toBe(true);
      const guest = commit(0n, 'guest', { ticketHash });
      expect((await log.appendCommit(guest)).outcome).toBe('accepted');
      expect(await log.hasTicket(groupId, ticketHash, NOW_MS)).toBe(false);
      expect(await log.addTicket(ticket('t', { epoch: 1n }))).toEqual({ outcome: 'used' });
      expect((await log.appendCommit(guest)).outcome).toBe('alreadyAccepted');
      const second = await log.appendCommit(commit(1n, 'second', { ticketHash }));
      expect(second).toEqual({ outcome: 'ticketInvalid' });
      expect(await readAll(log)).toHaveLength(1);
      expect((await log.appendCommit(commit(1n, 'member'))).outcome).toBe('accepted');
    }),
  );

  it(
    'ends all open tickets with the commit that says so, and no other, and takes none of an epoch that is over',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.createGroup({ ...group, groupId: named('other') });
      await log.addTicket(ticket('t'));
      await log.addTicket(ticket('u'));
      await log.addTicket(ticket('t', { groupId: named('other') }));
      const isOpen = (name: string, id = groupId): Promise<boolean> => log.hasTicket(id, named(name), NOW_MS);
      const early = commit(1n, 'early', { revokesTickets: true });
      expect((await log.appendCommit(early)).outcome).toBe('conflict');
      await log.appendCommit(commit(0n, 'a'));
      expect([await isOpen('t'), await isOpen('u')]).toEqual([true, true]);
      const removal = commit(1n, 'b', { revokesTickets: true, ticketHash: named('t') });
      expect((await log.appendCommit(removal)).outcome).toBe('accepted');
      expect([await isOpen('t'), await isOpen('u'), await isOpen('t', named('other'))]).toEqual([
        false,
        false,
        true,
      ]);
      const guest = commit(2n, 'guest', { ticketHash: named('u') });
      expect(await log.appendCommit(guest)).toEqual({ outcome: 'ticketInvalid' });
      // Whoever was removed by it may have asked just before, and come too late.
      expect(await log.addTicket(ticket('v', { epoch: 1n }))).toEqual({ outcome: 'epochOver' });
      expect(await isOpen('v')).toBe(false);
      expect(await log.addTicket(ticket('t', { epoch: 2n }))).toEqual({ outcome: 'used' });
      expect(await log.addTicket(ticket('u', { epoch: 2n }))).toEqual({ outcome: 'added' });
      expect((await log.appendCommit(guest)).outcome).toBe('accepted');
    }),
  );

  it(
    'refuses a commit with a ticket that is unknown, expired or of another group, and changes nothing',
    on(start, async (log) => {
      await log.createGroup(group);
      await log.createGroup({ ...group, groupId: named('other') });
      await log.addTicket(ticket('t'));
      const receipt = { ...commit(0n, 'late').receipt, acceptedAtMs: NOW_MS + 1001 };
      for (const refused of [
        commit(0n, 'a', { ticketHash: named('unknown') }),
        commit(0n, 'b', { ticketHash: named('t'), receipt }),
        commit(0n, 'c', { ticketHash: named('t'), groupId: named('other') }),
      ])
        expect(await log.appendCommit(refused)).toEqual({ outcome: 'ticketInvalid' });
      expect((await log.findGroup(groupId))?.epoch).toBe(0n);
      expect(await log.groupInfo(groupId)).toBeUndefined();
      expect((await log.appendCommit(commit(0n, 'd', { ticketHash: named('t') }))).outcome).toBe('accepted');
    }),
  );

  it(
    'lets one of many guests in who show the same ticket at once through several connections',
    on(start, async (log, bench) => {
      await log.createGroup(group);
      await log.addTicket(ticket('t'));
      const logs = [log, await bench.open(), await bench.open()];
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          (logs[i % logs.length] ?? log).appendCommit(commit(0n, `${i}`, { ticketHash: named('t') })),
        ),
      );
      expect(answers.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
      const retries = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          (logs[i % logs.length] ?? log).appendCommit(commit(1n, `next ${i}`, { ticketHash: named('t') })),
        ),
      );
      expect(new Set(retries.map(({ outcome }) => outcome))).toEqual(new Set(['ticketInvalid']));
      expect(await readAll(log)).toHaveLength(1);
    }),
  );
}
