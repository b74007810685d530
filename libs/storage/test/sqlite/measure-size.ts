/**
 * Measures what groups, commits and messages take up in a file; a program, not a test.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '../../src/index.ts';
import type { GroupLog, NewGroup, NewMessage } from '../../src/index.ts';
import { commit, message, NOW_MS } from '../group-log.story.ts';
import { temporaryFolder } from './benches.ts';

const AT_ONCE = 500;

/** How much a file grows by what is done to it, for each time. */
async function growth(
  path: string,
  times: number,
  act: (log: GroupLog, i: number) => Promise<unknown>,
): Promise<number> {
  const before = statSync(path).size;
  const store = openSqlite(path);
  for (let done = 0; done < times; done += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, times - done) }, (_, i) => act(store.groupLog, done + i)),
    );
  store.close();
  return (statSync(path).size - before) / times;
}

function newGroup(groupId: Uint8Array): NewGroup {
  return { groupId, cipherSuite: 1, accessKey: randomBytes(32), nowMs: NOW_MS };
}

function messageOf(groupId: Uint8Array, bytes: number): NewMessage {
  return message(0n, '', { groupId, requestId: randomBytes(16), message: randomBytes(bytes) });
}

function endEpoch(log: GroupLog, groupId: Uint8Array, epoch: bigint): Promise<unknown> {
  return log.appendCommit(
    commit(epoch, '', {
      groupId,
      requestId: randomBytes(16),
      commit: randomBytes(1000),
      commitHash: randomBytes(32),
      groupInfo: randomBytes(500),
      nextAccessKey: randomBytes(32),
      receipt: {
        acceptedAtMs: NOW_MS,
        previousReceiptHash: randomBytes(32),
        keyId: randomBytes(8).toString('hex'),
      },
    }),
  );
}

function say(what: string, bytes: number): void {
  writeSync(1, `${what}: ${Math.round(bytes)} bytes\n`);
}

/** Runs a measurement in a file of its own. */
async function inNewFile(measure: (path: string) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const path = join(folder.path, 'store.sqlite');
  try {
    openSqlite(path).close();
    await measure(path);
  } finally {
    folder.remove();
  }
}

await inNewFile(async (path) => {
  say('an empty store', statSync(path).size);
  const ids = Array.from({ length: 10_000 }, () => randomBytes(16));
  const idOf = (i: number): Uint8Array => ids[i % ids.length] ?? randomBytes(16);
  say('a group', await growth(path, ids.length, (log, i) => log.createGroup(newGroup(idOf(i)))));
  say('its first commit', await growth(path, ids.length, (log, i) => endEpoch(log, idOf(i), 0n)));
  const further = (log: GroupLog, i: number): Promise<unknown> =>
    endEpoch(log, idOf(i), BigInt(1 + Math.floor(i / ids.length)));
  say('a further commit', await growth(path, 4 * ids.length, further));
});

for (const bytes of [100, 1000, 10_000])
  await inNewFile(async (path) => {
    const groupId = randomBytes(16);
    await growth(path, 1, (log) => log.createGroup(newGroup(groupId)));
    const append = (log: GroupLog): Promise<unknown> => log.appendMessages([messageOf(groupId, bytes)]);
    say(`a message of ${bytes} bytes`, await growth(path, 10_000, append));
  });

await inNewFile(async (path) => {
  const ids = Array.from({ length: 1000 }, () => randomBytes(16));
  await growth(path, ids.length, (log, i) => log.createGroup(newGroup(ids[i] ?? randomBytes(16))));
  const append = (log: GroupLog, i: number): Promise<unknown> =>
    log.appendMessages([messageOf(ids[i % ids.length] ?? randomBytes(16), 100)]);
  say('a message of 100 bytes, 1000 groups by turns', await growth(path, 50_000, append));
});
