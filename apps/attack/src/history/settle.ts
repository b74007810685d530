/**
 * After the faults: waits until everything answers, repeats what had no answer, and reads what is there.
 *
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises';
import { callUnary, type delivery } from '@canopy/contract';
import type { Choices } from '../choices.ts';
import { bearer, type Device } from '../parties/device.ts';
import { replicaOf } from '../parties/stubs.ts';
import type { History, SeenEntry } from './event.ts';
import { hex } from './group-view.ts';
import { Member } from './member.ts';
import type { StockKeeper } from './stock-keeper.ts';
import type { World } from './world.ts';

/** How long what was hurt may take to be well again. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 200;

/** Tries until it works. @throws Error when it takes too long */
export async function eventually(
  { recorder }: World,
  what: string,
  attempt: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await attempt())) {
    if (Date.now() > deadline) {
      throw new Error(
        `after ${PATIENCE_MS / 1000} s still not: ${what}; last failure: ${recorder.lastFailure}`,
      );
    }
    await pause(PAUSE_MS);
  }
}

/** The clients that may have open questions. */
export interface Unsettled {
  readonly members: readonly Member[];
  readonly stockKeepers: readonly StockKeeper[];
}

/** Brings a run to its end, and gives its history. */
export async function settle(
  world: World,
  { members, stockKeepers }: Unsettled,
  choices: Choices,
): Promise<History> {
  for (const member of members)
    await eventually(world, 'every append is answered', () => member.settle(choices));
  for (const keeper of stockKeepers)
    await eventually(world, 'every claim is answered', () => keeper.settle(choices));
  const logs = await readLogs(world, choices);
  const [keeper] = stockKeepers;
  if (keeper !== undefined) await eventually(world, 'the stock is empty', () => keeper.drain(choices));
  await settleMailboxes(world, logs);
  const isStockDrained = keeper !== undefined;
  return { events: world.recorder.events, logs, isStockDrained, areMailboxesSettled: true };
}

/** Two readers that know nothing yet read all groups: what they agree on is the log. */
async function readLogs(world: World, choices: Choices): Promise<ReadonlyMap<string, readonly SeenEntry[]>> {
  const readers = world.devices.slice(0, 2).map((device) => new Member(world, device));
  for (const reader of readers) {
    for (const view of reader.views) {
      await eventually(world, `group ${view.name} can be read`, () => reader.readOn(view, choices));
    }
  }
  const [first] = readers;
  return new Map(first?.views.map(({ name, log }) => [name, log]) ?? []);
}

/** Welcomes go their way after the commit was answered: waits until none is on its way, so that one that is missing is lost. */
async function settleMailboxes(world: World, logs: ReadonlyMap<string, readonly SeenEntry[]>): Promise<void> {
  const due = dueWelcomes(world, logs);
  for (const device of world.devices) {
    const deadline = Date.now() + PATIENCE_MS / 4;
    const expected = due.get(device.device) ?? 0;
    await eventually(world, `the mailbox of ${device.device} can be read`, async () => {
      const start = world.recorder.now();
      const entries = await readMailbox(world, device);
      if (entries === undefined) return false;
      // One that never comes is for the checker to find.
      if (entries.length < expected && Date.now() < deadline) return false;
      world.recorder.add(device.device, start, {
        kind: 'mailbox',
        device: device.device,
        entries: entries.map(toPlace),
      });
      return true;
    });
  }
}

function toPlace({ sequence, groupId, groupSequence }: delivery.MailboxEntry): {
  readonly sequence: bigint;
  readonly group: string;
  readonly groupSequence: bigint;
} {
  return { sequence, group: hex(groupId), groupSequence };
}

function dueWelcomes(
  { recorder }: World,
  logs: ReadonlyMap<string, readonly SeenEntry[]>,
): ReadonlyMap<string, number> {
  const logged = new Set([...logs.values()].flatMap((log) => log.map(({ hash }) => hash)));
  const commits = new Map(
    recorder.events.flatMap((event) =>
      event.kind === 'append' ? [[event.entry.hash, event.recipients] as const] : [],
    ),
  );
  const due = new Map<string, number>();
  for (const [hash, recipients] of commits) {
    if (!logged.has(hash)) continue;
    for (const device of recipients) due.set(device, (due.get(device) ?? 0) + 1);
  }
  return due;
}

async function readMailbox(
  { stubs, recorder, deadlineMs }: World,
  { device, tokens }: Device,
): Promise<readonly delivery.MailboxEntry[] | undefined> {
  const start = recorder.now();
  const entries: delivery.MailboxEntry[] = [];
  const options = { metadata: bearer(tokens.delivery), deadlineMs };
  try {
    for (;;) {
      const afterSequence = entries.at(-1)?.sequence ?? 0n;
      const page = await callUnary(
        replicaOf(stubs.delivery),
        'readMailbox',
        { afterSequence, limit: 0 },
        options,
      );
      entries.push(...page.entries);
      if (page.end) return entries;
    }
  } catch (error) {
    recorder.failure(device, start, 'readMailbox', error);
    return undefined;
  }
}
