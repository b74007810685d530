import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite } from '../../src/index.ts';
import { named } from '../bench.ts';
import { temporaryFolder } from './benches.ts';

const BEFORE = ['0001-group-log.sql', '0002-mailbox.sql', '0003-single-use-stock.sql', '0004-registry.sql'];
const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const USER = 'mimi://example.com/u/alice';

let folder: ReturnType<typeof temporaryFolder>;
let path: string;

/** Makes a file as the release before wrote it, with something in each table of the registry. */
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'store.db');
  const file = new DatabaseSync(path);
  file.exec('PRAGMA journal_mode = WAL');
  file.exec('CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT');
  for (const [index, name] of BEFORE.entries()) {
    const migrations = new URL('../../src/sqlite/migrations/', import.meta.url);
    file.exec(readFileSync(new URL(name, migrations), 'utf8'));
    file.prepare('INSERT INTO migration VALUES (?, ?)').run(index + 1, name);
  }
  const device = file.prepare('INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?)');
  device.run(1, 'd1', USER, 1, named('key 1'), NOW, null);
  device.run(2, 'd2', USER, 2, named('key 2'), NOW + 1, NOW + 2);
  const code = file.prepare('INSERT INTO enrolment_code VALUES (?, ?, ?, ?)');
  code.run(named('used'), USER, NOW, 'd1');
  code.run(named('good'), USER, NOW + DAY, null);
  const jwk = '{"crv":"Ed25519","d":"secret","kty":"OKP","x":"public"}';
  file.prepare('INSERT INTO signing_key VALUES (?, ?, ?, ?)').run(1, 'k1', jwk, NOW);
  file.prepare('INSERT INTO audit_log VALUES (?, ?, ?)').run(1, named('entry'), named('hash'));
  file.close();
});

afterEach(() => folder.remove());

describe('a registry of the release before', () => {
  it('keeps its codes, devices and audit log', async () => {
    const { registry, close } = openedStore();
    expect(await registry.findEvidence(named('used'))).toEqual({
      user: USER,
      expiresAtMs: NOW,
      usedBy: 'd1',
    });
    expect(await registry.findEvidence(named('good'))).toMatchObject({ usedBy: undefined });
    const devices = await registry.devicesOf({ user: USER, limit: 9 });
    expect(devices).toEqual([
      expect.objectContaining({ device: 'd1', keySinceMs: NOW, revokedAtMs: undefined }),
      expect.objectContaining({ device: 'd2', keySinceMs: NOW + 1, revokedAtMs: NOW + 2 }),
    ]);
    expect(await registry.readAudit(0n, 9)).toHaveLength(1);
    close();
  });

  it('knows the keys that its devices had, and names those that were revoked', async () => {
    const { registry, close } = openedStore();
    const currentKey = named('key 1');
    const times = { nowMs: NOW, keepUntilMs: NOW };
    const next = { cipherSuite: 1, signaturePublicKey: named('key 2'), ...times, audit: named('a') };
    expect(await registry.rotateKey({ device: 'd1', currentKey, ...next })).toEqual({ outcome: 'keyInUse' });
    expect(await registry.revokedNames({ nowMs: NOW, limit: 9 })).toEqual([
      { kind: 'device', name: 'd2', keepUntilMs: NOW + 2 + 365 * DAY },
    ]);
    close();
  });

  it('names a device that is revoked now for as long as attestations of then may hold', async () => {
    const { registry, close } = openedStore();
    const revocation = { device: 'd1', user: USER, nowMs: NOW, keepUntilMs: 0, audit: named('a') };
    await registry.revokeDevice(revocation);
    const names = await registry.revokedNames({ nowMs: Date.now() + 364 * DAY, limit: 9 });
    expect(names.map(({ name }) => name)).toContain('d1');
    close();
  });

  it('goes on with its signing key', async () => {
    const { registry, close } = openedStore();
    expect(await registry.signingKeys()).toEqual([
      {
        kid: 'k1',
        publicJwk: '{"kty":"OKP","crv":"Ed25519","x":"public"}',
        privateKey: '{"crv":"Ed25519","d":"secret","kty":"OKP","x":"public"}',
        signsFromMs: NOW,
        signsUntilMs: NOW + 90 * DAY,
        publishedUntilMs: NOW + 455 * DAY,
      },
    ]);
    close();
  });
});

function openedStore() {
  const store = openSqlite(path);
  return { registry: store.registry, close: () => store.close() };
}
