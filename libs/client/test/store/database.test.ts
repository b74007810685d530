import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { delivery } from '@canopy/contract';
import {
  decodeStagedCommit,
  encodeStagedCommit,
  recordsOf,
  type Group,
  type RecordChange,
} from '@canopy/mls';
import type { TicketAnnouncement } from '../../src/application-frame.ts';
import { keepAnnounced, withTickets } from '../../src/tickets.ts';
import { migrations } from '../../src/store/schema.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import {
  begin,
  CONVERSATION,
  data,
  follow,
  fromLine,
  groupOfTwo,
  hear,
  hex,
  restore,
  say,
  options as groupOptions,
} from './store-group.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-store-'));
  path = join(folder, 'state.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** All bytes on the disk. */
function onDisk(): Buffer {
  return Buffer.concat(
    ['', '-wal', '-shm', '-journal'].map((end) =>
      existsSync(path + end) ? readFileSync(path + end) : Buffer.alloc(0),
    ),
  );
}

/** Stores a group and remembers all secrets that it ever stored. */
class Witness {
  readonly #store: Store;
  readonly #secrets = new Map<string, Uint8Array>();

  constructor(store: Store) {
    this.#store = store;
  }

  save(changes: readonly RecordChange[]): void {
    for (const { key, value } of changes) {
      // After the length header comes a secret, or the value is one itself.
      if (value !== undefined && /^(?:key|secrets)\//.test(key)) this.#note(value.slice(1, 32));
    }
    this.#store.transaction(() => this.#store.conversations.saveRecords(CONVERSATION, changes));
  }

  #note(secret: Uint8Array): void {
    this.#secrets.set(hex(secret), secret);
  }

  /** The secrets that no record holds any more. */
  get deleted(): readonly Uint8Array[] {
    const kept = this.#store.conversations.records(CONVERSATION).map(({ value }) => hex(value));
    return [...this.#secrets]
      .filter(([text]) => !kept.some((value) => value.includes(text)))
      .map(([, secret]) => secret);
  }

  get count(): number {
    return this.#secrets.size;
  }
}

describe('the state file', () => {
  it('has no secret any more that was deleted, neither in the file nor in the log of its writes (§9.2)', async () => {
    const { alice, bob } = await groupOfTwo();
    const store = openStore(path);
    try {
      begin(store, bob);
      const witness = new Witness(store);
      const hadToBeFound: boolean[] = [];
      for (let round = 0; round < 8; round += 1) {
        const messages = ['one', 'two', 'three', 'four'].map((text) => say(alice, text));
        for (const message of messages.toReversed()) {
          await hear(bob, message);
          witness.save(bob.takeChanges());
          say(bob, 'own');
          witness.save(bob.takeChanges());
        }
        const { message, staged } = await bob.commit({ forcePath: true });
        witness.save(bob.takeChanges());
        bob.keep(staged);
        witness.save(bob.takeChanges());
        await follow(alice, message);
        const bytes = onDisk();
        expect(witness.deleted.filter((secret) => bytes.includes(Buffer.from(secret)))).toEqual([]);
        const [kept] = store.conversations.records(CONVERSATION).filter(({ key }) => key.startsWith('key/'));
        hadToBeFound.push(kept !== undefined && bytes.includes(Buffer.from(kept.value)));
      }
      expect(witness.deleted.length).toBeGreaterThan(60);
      expect(hadToBeFound).not.toContain(false);
    } finally {
      store.close();
    }
  });

  it('has all changes of a transaction or none', async () => {
    const { alice, bob } = await groupOfTwo();
    const store = openStore(path);
    try {
      begin(store, bob);
      const before = store.conversations.records(CONVERSATION);
      const { message } = await alice.commit({ forcePath: true });
      await follow(bob, message);
      const changes = bob.takeChanges();
      expect(changes.length).toBeGreaterThan(5);
      expect(() =>
        store.transaction(() => {
          store.conversations.saveRecords(CONVERSATION, changes);
          throw new Error('no');
        }),
      ).toThrow('no');
      expect(store.conversations.records(CONVERSATION)).toEqual(before);
    } finally {
      store.close();
    }
  });

  it('forgets the records of an earlier life of a group, and of one that never began', async () => {
    const [one, other] = [await groupOfTwo(), await groupOfTwo()];
    const store = openStore(path);
    try {
      await hear(one.bob, say(one.alice, 'of the earlier life'));
      begin(store, one.bob);
      begin(store, other.bob);
      const kept = store.conversations.records(CONVERSATION).map(({ key }) => key);
      expect(kept.toSorted()).toEqual(
        recordsOf(other.bob.state)
          .map(({ key }) => key)
          .toSorted(),
      );
      expect(hex(restore(store).epochAuthenticator)).toBe(hex(other.bob.epochAuthenticator));
      store.conversations.delete(CONVERSATION);
      expect(store.conversations.records(CONVERSATION)).toEqual([]);
    } finally {
      store.close();
    }
  });
});

/** What the first version of the schema had for a group, with a commit under way, and what happened then. */
interface OfVersion1 {
  readonly state: string;
  readonly ratchets: string;
  readonly pending: { readonly state: string; readonly ratchets: string };
  readonly late: string;
  readonly epochAuthenticator: string;
  readonly nextEpochAuthenticator: string;
  readonly next: string;
}

// oxlint-disable-next-line no-unsafe-type-assertion -- made once, by the code that wrote the first version
const saved = JSON.parse(readFileSync(new URL('version-1.json', import.meta.url), 'utf8')) as OfVersion1;

const fromHex = (digits: string): Buffer => Buffer.from(digits, 'hex');

function writeFileOfVersion1(state: Uint8Array): void {
  const [first] = migrations;
  if (typeof first !== 'string') throw new Error('statements expected');
  const sqlite = new DatabaseSync(path);
  sqlite.exec(first);
  sqlite.exec('PRAGMA user_version = 1');
  sqlite
    .prepare('INSERT INTO conversation VALUES (?, ?, ?, ?, ?, ?)')
    .run(CONVERSATION, 'active', 7, 1, state, fromHex(saved.ratchets));
  sqlite
    .prepare('INSERT INTO pending_commit VALUES (?, ?, ?, ?, ?)')
    .run(CONVERSATION, data('bundle'), '{}', fromHex(saved.pending.state), fromHex(saved.pending.ratchets));
  sqlite
    .prepare('INSERT INTO outgoing (conversation, request_id, epoch, message, data) VALUES (?, ?, ?, ?, ?)')
    .run(CONVERSATION, data('request'), 2, data('message'), data('data'));
  sqlite.close();
}

describe('a state file of the first version', () => {
  it('is converted when it is opened, with the commit that is under way', async () => {
    writeFileOfVersion1(fromHex(saved.state));
    openStore(path).close();
    const store = openStore(path);
    try {
      expect(store.conversations.all()).toEqual([
        { id: CONVERSATION, status: 'active', cursor: 7n, joinedEpoch: 1n },
      ]);
      expect(store.outgoing.first(CONVERSATION, 2)).toMatchObject([{ epoch: 2n, message: data('message') }]);
      const group = restore(store);
      expect(hex(group.epochAuthenticator)).toBe(saved.epochAuthenticator);
      expect(await hear(group, fromLine(saved.late))).toBe('late');
      const pending = store.conversations.pendingCommit(CONVERSATION);
      if (pending === undefined) throw new Error('the pending commit is gone');
      expect(pending).toMatchObject({ bundle: data('bundle'), change: '{}' });
      group.keep(decodeStagedCommit(pending.staged, group.state));
      store.transaction(() => store.conversations.saveRecords(CONVERSATION, group.takeChanges()));
      const again = restore(store);
      expect(hex(again.epochAuthenticator)).toBe(saved.nextEpochAuthenticator);
      expect(await hear(again, fromLine(saved.next))).toBe('next');
    } finally {
      store.close();
    }
  });

  it('stays as it is when it cannot be read', () => {
    writeFileOfVersion1(data('nonsense'));
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({ name: 'ClientError', code: 'INVALID_STATE' }),
    );
    const sqlite = new DatabaseSync(path);
    const row = sqlite.prepare('SELECT state FROM conversation').get();
    sqlite.close();
    expect(Buffer.from(row?.['state'] instanceof Uint8Array ? row['state'] : []).toString()).toBe('nonsense');
  });
});

describe('a commit under way', () => {
  it('is found again by the next process, beside what has moved since', async () => {
    const { alice, bob } = await groupOfTwo();
    let store = openStore(path);
    begin(store, bob);
    const { message, staged } = await bob.commit({ forcePath: true });
    const pending = { bundle: data('bundle'), change: '{}', staged: encodeStagedCommit(staged) };
    store.transaction(() => {
      store.conversations.savePendingCommit(CONVERSATION, pending);
      store.conversations.saveRecords(CONVERSATION, bob.takeChanges());
    });
    await hear(bob, say(alice, 'meanwhile'));
    store.transaction(() => store.conversations.saveRecords(CONVERSATION, bob.takeChanges()));
    store.close();
    store = openStore(path);
    try {
      const group: Group = restore(store);
      expect(store.conversations.pendingCommit(CONVERSATION)).toEqual(pending);
      group.keep(decodeStagedCommit(pending.staged, group.state));
      await follow(alice, message);
      expect(await hear(alice, say(group, 'kept'))).toBe('kept');
    } finally {
      store.close();
    }
  });
});

/** The tables that the third version and later ones have brought, and its columns of the device. */
const NEW_TABLES = [
  'recent_entry',
  'recovery',
  'ticket',
  'visit',
  'receipt',
  'past_epoch',
  'receipt_key',
  'evidence',
  'revocation_list',
  'trust_anchor',
  'key_age',
  'intruder',
];

describe('a state file of the second version', () => {
  it('keeps everything that it had, and its device is due for a new credential', async () => {
    const { alice, bob } = await groupOfTwo();
    const store = openStore(path);
    begin(store, bob);
    store.close();
    const sqlite = new DatabaseSync(path);
    for (const table of NEW_TABLES) sqlite.exec(`DROP TABLE ${table}`);
    for (const column of ['x509_chain', 'renew_at_ms'])
      sqlite.exec(`ALTER TABLE device DROP COLUMN ${column}`);
    sqlite.exec('PRAGMA user_version = 2');
    sqlite
      .prepare(`INSERT INTO device VALUES (1, 1, ?, ?, x'', 'device', 'example.com', 'attestation', 7)`)
      .run(data('public'), data('private'));
    sqlite.close();

    openStore(path).close();
    const migrated = openStore(path);
    try {
      expect(migrated.device.enrolled()).toMatchObject({
        device: 'device',
        attestation: 'attestation',
        x509Chain: [],
      });
      expect(migrated.device.mailboxCursor()).toBe(7n);
      expect(migrated.device.renewAtMs()).toBe(0);
      expect(migrated.device.trustAnchors().anchors).toEqual([]);
      expect(await hear(restore(migrated), say(alice, 'still here'))).toBe('still here');
      expect(migrated.recoveries.find(CONVERSATION).fault).toBeUndefined();
      expect(migrated.receipts.newest(CONVERSATION)).toBeUndefined();
    } finally {
      migrated.close();
    }
  });
});

function entryOf(sequence: number, text: string, size = 0): delivery.LogEntry {
  return {
    sequence: BigInt(sequence),
    kind: delivery.LogEntryKind.APPLICATION,
    epoch: 1n,
    mlsMessage: Buffer.concat([data(text), Buffer.alloc(size)]),
    receipt: '',
  };
}

function ticketOf(index: number): TicketAnnouncement {
  return { pskId: data(`id ${index}`), psk: data('key'), expiresAtMs: 1_000n };
}

describe('announced tickets', () => {
  it('are bounded in number, length and time; expired ones make room', async () => {
    const { bob } = await groupOfTwo();
    const store = openStore(path);
    try {
      begin(store, bob);
      const { tickets } = store;
      const day = 24 * 3_600_000;
      const keep = (ticket: TicketAnnouncement, nowMs: number): boolean =>
        keepAnnounced(tickets, CONVERSATION, ticket, nowMs);
      const kept = Array.from({ length: 300 }, (_, index) => keep(ticketOf(index), 0));
      expect(kept.filter(Boolean)).toHaveLength(256);
      expect(tickets.count(CONVERSATION)).toBe(256);
      expect(keep({ ...ticketOf(0), psk: Buffer.alloc(65, 1) }, 0)).toBe(false);
      expect(keep({ ...ticketOf(400), expiresAtMs: BigInt(400 * day) }, 0)).toBe(false);
      expect(keep({ ...ticketOf(400), expiresAtMs: BigInt(3 * day) }, 2 * day)).toBe(true);
      expect(tickets.count(CONVERSATION)).toBe(1);
    } finally {
      store.close();
    }
  });
});

describe('a ticket that has ended', () => {
  it('is found for a day, and then not any more, though no commit has come since', async () => {
    const { bob } = await groupOfTwo();
    const store = openStore(path);
    try {
      begin(store, bob);
      const ticket = { ...ticketOf(1), expiresAtMs: 1_000n };
      keepAnnounced(store.tickets, CONVERSATION, ticket, 0);
      const find = (nowMs: number): Uint8Array | undefined => {
        const options = { ...groupOptions, now: () => BigInt(nowMs / 1_000) };
        return withTickets(options, store.tickets, CONVERSATION).psks.findExternalPsk(ticket.pskId);
      };
      expect(find(24 * 3_600_000)).toEqual(ticket.psk);
      expect(find(24 * 3_600_000 + 2_000)).toBeUndefined();
    } finally {
      store.close();
    }
  });
});

describe('recent entries', () => {
  it('are bounded in number and in size, and the newest are kept', async () => {
    const { bob } = await groupOfTwo();
    const store = openStore(path);
    try {
      begin(store, bob);
      store.transaction(() => {
        for (let sequence = 1; sequence <= 1_000; sequence += 1) {
          store.recentEntries.save(CONVERSATION, entryOf(sequence, `entry ${sequence}`));
        }
      });
      expect(store.recentEntries.after(CONVERSATION, 0n).length).toBeLessThanOrEqual(256 + 16);
      expect(store.recentEntries.find(CONVERSATION, 1_000n)).toMatchObject(entryOf(1_000, 'entry 1000'));
      store.transaction(() => {
        for (let sequence = 1_001; sequence <= 1_064; sequence += 1) {
          store.recentEntries.save(CONVERSATION, entryOf(sequence, `large ${sequence}`, 200_000));
        }
      });
      const large = store.recentEntries.after(CONVERSATION, 0n);
      const bytes = large.reduce((sum, { mlsMessage }) => sum + mlsMessage.length, 0);
      expect(bytes).toBeLessThanOrEqual(4 * 1024 * 1024 + 16 * 200_100);
      expect(large.at(-1)?.sequence).toBe(1_064n);
    } finally {
      store.close();
    }
  });

  it('are known by their content when other numbers are given to them', async () => {
    const { bob } = await groupOfTwo();
    const store = openStore(path);
    try {
      begin(store, bob);
      const { recentEntries } = store;
      for (const [index, text] of ['one', 'two', 'three'].entries()) {
        recentEntries.save(CONVERSATION, entryOf(index + 1, text));
      }
      recentEntries.unnumber(CONVERSATION, 1n);
      expect(
        recentEntries.unnumbered(CONVERSATION).map(({ mlsMessage }) => Buffer.from(mlsMessage).toString()),
      ).toEqual(['two', 'three']);
      expect(recentEntries.has(CONVERSATION, data('three'))).toBe(true);
      recentEntries.save(CONVERSATION, entryOf(2, 'three'));
      recentEntries.save(CONVERSATION, entryOf(3, 'two'));
      expect(recentEntries.unnumbered(CONVERSATION)).toEqual([]);
      expect(recentEntries.find(CONVERSATION, 3n)).toMatchObject(entryOf(3, 'two'));
    } finally {
      store.close();
    }
  });
});
