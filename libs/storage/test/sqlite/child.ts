/**
 * A process that works on a store file, started by `processes.test.ts`: waits for a line on standard input, then says one JSON
 * line for every answer that it got.
 *
 * @module
 */
import { writeSync } from 'node:fs';
import { openSqlite } from '../../src/index.ts';
import type { AppendOutcome, NewCommit, NewMessage, SingleUseStock, SqliteStore } from '../../src/index.ts';
import { named } from '../bench.ts';
import { append } from '../group-log.story.ts';
import * as story from '../group-log.story.ts';
import { request } from '../stock-samples.ts';

const [task = '', path = '', name = ''] = process.argv.slice(2);
const group = { groupId: named('group'), cipherSuite: 1, accessKey: named('key'), nowMs: 0 };

const tasks: Record<string, (store: SqliteStore) => Promise<void>> = {
  raceCommits,
  raceClaims,
  raceRepeats,
  appendForEver,
  appendManyForEver,
};

// The store is opened before the go: all processes meet at an empty file, and at the same schema.
const store = openSqlite(path, { busyTimeoutMs: 60_000 });
say({ ready: name });
await new Promise((resolve) => process.stdin.once('data', resolve));
await tasks[task]?.(store);
store.close();
process.stdin.destroy();

async function raceCommits({ groupLog }: SqliteStore): Promise<void> {
  await groupLog.createGroup(group);
  for (let epoch = 0; epoch < 25; epoch++) {
    const { outcome } = await groupLog.appendCommit(commit(BigInt(epoch), `${name}.${epoch}`));
    say({ epoch, outcome, commit: `${name}.${epoch}` });
  }
}

/** All make the same claims. */
async function raceRepeats({ singleUseStock }: SqliteStore): Promise<void> {
  await claimAll(singleUseStock, 'everybody');
}

async function raceClaims({ singleUseStock }: SqliteStore): Promise<void> {
  await claimAll(singleUseStock, name);
}

async function claimAll(singleUseStock: SingleUseStock, caller: string): Promise<void> {
  for (let i = 0; i < 25; i++) {
    const [answer] = await singleUseStock.claim(request(`${i}`, { caller }));
    const keyPackage = answer?.outcome === 'claimed' ? Buffer.from(answer.keyPackage).toString() : undefined;
    say({
      requestId: i,
      outcome: answer?.outcome,
      keyPackage,
      lastResort: answer?.outcome === 'claimed' && answer.lastResort,
    });
  }
}

async function appendForEver({ groupLog }: SqliteStore): Promise<void> {
  await groupLog.createGroup(group);
  for (let i = 0, epoch = 0n; ; i++) {
    const id = `${name}.${i}`;
    let answer: AppendOutcome;
    if (i % 4 === 3) answer = await groupLog.appendCommit(commit(epoch++, id));
    else answer = await append(groupLog, message(epoch, id));
    if (answer.outcome === 'accepted') say({ sequence: String(answer.sequence), message: id });
  }
}

/** Many at once, alone and in batches: every transaction holds steps of several callers. */
async function appendManyForEver({ groupLog }: SqliteStore): Promise<void> {
  await groupLog.createGroup(group);
  await Promise.all(
    Array.from({ length: 32 }, async (_, caller) => {
      for (let i = 0; ; i++) {
        const ids = Array.from({ length: 1 + (caller % 4) }, (__, k) => `${name}.${caller}.${i}.${k}`);
        const answers = await groupLog.appendMessages(ids.map((id) => message(0n, id)));
        for (const [k, answer] of answers.entries())
          if (answer.outcome === 'accepted') say({ sequence: String(answer.sequence), message: ids[k] });
      }
    }),
  );
}

function commit(epoch: bigint, id: string): NewCommit {
  const bytes = named(id);
  return story.commit(epoch, id, {
    requestId: bytes,
    commit: bytes,
    commitHash: bytes,
    welcomes: [{ device: id, welcome: bytes }],
  });
}

function message(epoch: bigint, id: string): NewMessage {
  const bytes = named(id);
  return story.message(epoch, id, { requestId: bytes, message: bytes, maxPastEpochs: 0 });
}

/** Written at once, not buffered: what the parent reads was acknowledged before this process died. */
function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
