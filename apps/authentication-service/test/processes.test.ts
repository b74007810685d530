import { rmSync } from 'node:fs';
import { callUnary } from '@canopy/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bearerOf, enrol, failureOf, firstPage, newFolder, tokenOf } from './bench.ts';
import { enrolUntilKilled, requireNothingLost } from './killed.ts';
import { jwksOf, startProcess, type ServiceProcess } from './service-process.ts';

let folder: string;
let running: ServiceProcess[] = [];

beforeEach(() => {
  folder = newFolder();
});

afterEach(() => {
  for (const process of running) process.end();
  running = [];
  rmSync(folder, { recursive: true });
});

async function start(): Promise<ServiceProcess> {
  const started = await startProcess({ CANOPY_DATA: folder });
  running.push(started);
  return started;
}

describe('the service as a process', () => {
  it('serves the same keys after a restart, and knows its devices and tokens', async () => {
    const first = await start();
    const [jwks, device] = [await jwksOf(first), await enrol(first.clients)];
    const metadata = bearerOf(await tokenOf(first.clients, device));
    first.child.kill('SIGKILL');
    await first.exit;
    const second = await start();
    expect(await jwksOf(second)).toBe(jwks);
    const { user } = device.enrolled;
    const { devices } = await callUnary(second.clients.client, 'listDevices', firstPage(user), { metadata });
    expect(devices.map((each) => each.device)).toEqual([device.enrolled.device]);
  });

  it('shares keys, codes and challenges with a second process on the same file', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect(await jwksOf(one)).toBe(await jwksOf(two));
    const mixed = { admin: one.clients.admin, client: two.clients.client };
    const device = await enrol(mixed);
    const token = await tokenOf(one.clients, device);
    const { user } = device.enrolled;
    const metadata = bearerOf(token);
    await expect(
      callUnary(two.clients.client, 'listDevices', firstPage(user), { metadata }),
    ).resolves.toBeDefined();
    const { device: name } = device.enrolled;
    await callUnary(one.clients.client, 'revokeDevice', { device: name }, { metadata });
    const failure = await failureOf(
      callUnary(two.clients.client, 'listDevices', firstPage(user), { metadata }),
    );
    expect(failure.code).toBe('UNAUTHENTICATED');
  });

  it('loses no enrolment that was answered when it is killed, and answers those that were not', async () => {
    for (const answers of [1, 7, 15]) {
      const attempts = await enrolUntilKilled(await start(), answers);
      expect(attempts.filter(({ device }) => device !== undefined).length).toBeGreaterThanOrEqual(answers);
      const again = await start();
      await requireNothingLost(again, attempts);
      again.end();
      await again.exit;
    }
  });

  it('drains on SIGTERM and exits with 0', async () => {
    const service = await start();
    await jwksOf(service);
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([0, null]);
    expect(service.lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['listening', 'ending', 'draining', 'drained']),
    );
  });

  it('serves the keys over HTTP too, and nothing else', async () => {
    const service = await start();
    const base = `http://127.0.0.1:${service.httpPort}`;
    const response = await fetch(`${base}/.well-known/jwks.json`);
    expect(response.headers.get('content-type')).toBe('application/jwk-set+json');
    expect(await response.text()).toBe(await jwksOf(service));
    const head = await fetch(`${base}/.well-known/jwks.json?x=1`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const statuses = await Promise.all([
      fetch(`${base}/.well-known/jwks.json`, { method: 'POST', body: 'x' }),
      fetch(`${base}/`),
      fetch(`${base}/.well-known/jwks.json/../../etc`),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([405, 404, 404]);
  });
});
