/**
 * What operators see of three real services under load: metrics, the dashboard for them, logs without anything of anybody.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { authentication, callUnary, CallError, connect, delivery, directory } from '@canopy/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCase, type CaseName } from '../src/cases.ts';
import type { BenchDevice } from '../src/load/job.ts';
import { startServices, type Services } from '../src/processes/services.ts';
import { bearer, enrolDevices } from '../src/scene/enrol.ts';
import { createRequest, Member, newGroup, noise } from '../src/scene/group.ts';

const DOCS = join(import.meta.dirname, '..', '..', '..', 'docs', 'operations');
const CASES: readonly CaseName[] = [
  'token',
  'publish',
  'claim',
  'commit',
  'append-call',
  'append-stream',
  'fan-out-1',
];

const lines: string[] = [];
/** What must never be seen, by what it is. */
const canaries = new Map<string, string>();
let services: Services;
let devices: readonly BenchDevice[];

/** Bytes as they could find their way into a line. */
function plant(name: string, bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes);
  canaries.set(`${name} in hexadecimal`, buffer.toString('hex'));
  // Without the last digits, which depend on what comes next.
  canaries.set(`${name} in base64`, buffer.toString('base64').replaceAll('=', '').slice(0, -1));
  canaries.set(`${name} in base64url`, buffer.toString('base64url').slice(0, -1));
  canaries.set(`${name} as numbers`, buffer.subarray(0, 8).join(','));
  canaries.set(`${name} as an array`, JSON.stringify([...buffer.subarray(0, 8)]).slice(1, -1));
}

beforeAll(async () => {
  services = await startServices({
    store: { kind: 'sqlite' },
    settings: { CANOPY_LOG_LEVEL: 'trace', CANOPY_METRICS_PORT: '0' },
    hear: (line) => void lines.push(line),
  });
  canaries.set('the administrator secret', services.registrar.administratorSecret);
  devices = await enrolDevices(services.registrar, 2);
  for (const [
    index,
    { device, user, keys, attestation, directoryToken, deliveryToken },
  ] of devices.entries()) {
    canaries.set(`device ${index}`, device);
    canaries.set(`user ${index}`, user);
    canaries.set(`attestation ${index}`, attestation);
    canaries.set(`directory token ${index}`, directoryToken);
    canaries.set(`delivery token ${index}`, deliveryToken);
    plant(`private key ${index}`, keys.privateKey);
    plant(`public key ${index}`, keys.publicKey);
  }
  for (const name of CASES) await runCase(name, { services, devices, divisor: 200 });
  await doWrong();
}, 60_000);

afterAll(async () => {
  await services.end();
});

/** Things that are refused: refusals are where a log says most. */
async function doWrong(): Promise<void> {
  const [device] = devices;
  if (device === undefined) throw new Error('no device');
  const [deliveryAt, directoryAt] = [services.delivery.address, services.directory.address];
  const client = connect(delivery.DeliveryServiceClient, { address: deliveryAt });
  const keyDirectory = connect(directory.KeyDirectoryServiceClient, { address: directoryAt });
  const registrar = connect(authentication.AuthenticationServiceClient, {
    address: services.authentication.address,
  });
  const metadata = bearer(device.deliveryToken);
  const group = newGroup();
  const member = new Member(group);
  const message = member.message();
  plant('a group id', group.groupId);
  plant('a message', message.message.subarray(40, 100));
  plant('a proof', message.proof?.signature ?? new Uint8Array());
  await callUnary(client, 'createGroup', createRequest(group), { metadata });
  const rubbish = noise(64);
  plant('rubbish', rubbish);
  const calls = [
    () => callUnary(client, 'sendMessage', message, { metadata: bearer('no-such-token') }),
    () => callUnary(client, 'sendMessage', message, { metadata: bearer(device.directoryToken) }),
    () => callUnary(client, 'sendMessage', { ...message, message: rubbish }, { metadata }),
    () => callUnary(client, 'sendMessage', { ...message, proof: undefined }, { metadata }),
    () => callUnary(client, 'sendMessage', new Member(newGroup()).message(), { metadata }),
    () =>
      callUnary(
        keyDirectory,
        'publishKeyPackages',
        { keyPackages: [{ keyPackage: rubbish, lastResort: false }] },
        { metadata: bearer(device.directoryToken) },
      ),
    () => callUnary(registrar, 'beginAuthentication', { device: 'mimi://elsewhere.example/d/eve/1' }),
    () =>
      callUnary(registrar, 'beginEnrolment', { evidence: { $case: 'enrolmentCode', value: 'canary-code' } }),
  ];
  canaries.set('an enrolment code', 'canary-code');
  canaries.set('a foreign identity', 'elsewhere.example');
  for (const call of calls) {
    await call().catch((error: unknown) => {
      if (!(error instanceof CallError)) throw error;
    });
  }
  client.close();
  keyDirectory.close();
  registrar.close();
}

function metricsPorts(): readonly number[] {
  return lines.flatMap((line) => {
    const entry: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
    const isOne = typeof entry === 'object' && entry !== null && Reflect.get(entry, 'event') === 'metrics';
    return isOne ? [Number(Reflect.get(entry, 'port'))] : [];
  });
}

async function scrape(): Promise<string> {
  const texts = metricsPorts().map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  return (await Promise.all(texts)).join('\n');
}

/** The names of the metrics that the services have, with those of the series of a histogram. */
async function namesOfMetrics(): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const [, name = '', type = ''] of (await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    names.add(name);
    if (type === 'histogram') {
      for (const series of ['_bucket', '_sum', '_count']) names.add(`${name}${series}`);
    }
  }
  return names;
}

/** Words of a query that are names of metrics: ours, those of gRPC, of the process and of Node. */
function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:canopy|grpc_server|process|nodejs)_[a-z0-9_]+\b/g)].map(([name]) => name);
}

describe('the log of the services', () => {
  it('says something of every service, with the request id of what it refused', () => {
    for (const service of ['authentication-service', 'key-directory', 'delivery-service']) {
      expect(lines.some((line) => line.includes(`"service":"${service}"`))).toBe(true);
    }
    const refusals = lines.filter((line) => line.includes('"event":"refused"'));
    expect(refusals.length).toBeGreaterThan(3);
    for (const line of refusals) {
      expect(JSON.parse(line)).toMatchObject({ requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    }
  });

  it('never has a token, a key, an identity or a byte of a message, at any level', () => {
    const log = lines.join('\n');
    expect(canaries.size).toBeGreaterThan(40);
    const seen = Array.from(canaries).filter(([, canary]) => log.includes(canary));
    expect(seen).toEqual([]);
  });
});

describe('the metrics of the services', () => {
  it('are rates, errors and durations of each method, outcomes, streams, and the steps of the store', async () => {
    const text = await scrape();
    for (const method of ['CreateAccessTokens', 'PublishKeyPackages', 'ClaimKeyPackages', 'SubmitCommit']) {
      expect(text).toMatch(
        new RegExp(`grpc_server_handled_total\\{[^}]*grpc_method="${method}",grpc_code="OK"\\} [1-9]`),
      );
    }
    expect(text).toMatch(/canopy_outcomes_total\{grpc_method="SubmitCommit",outcome="accepted"\} [1-9]/);
    expect(text).toMatch(
      /canopy_outcomes_total\{grpc_method="Subscribe",outcome="sendAnswers?.accepted"\} [1-9]/,
    );
    expect(text).toMatch(/canopy_outcomes_total\{grpc_method="ClaimKeyPackages",outcome="claimed"\} [1-9]/);
    expect(text).toMatch(/canopy_open_streams\{grpc_method="Subscribe"\} \d/);
    expect(text).toMatch(/canopy_store_seconds_count\{port="groupLog",step="appendMessages"\} [1-9]/);
  });

  it('have no identity, no group and no number that grows with them in a label', async () => {
    const text = await scrape();
    const seen = Array.from(canaries).filter(([, canary]) => text.includes(canary));
    expect(seen).toEqual([]);
    expect(text.split('\n').length).toBeLessThan(3_000);
  });

  it('are all there that the dashboard asks for', async () => {
    const dashboard = readFileSync(join(DOCS, 'grafana', 'canopy.json'), 'utf8');
    const asked = new Set(
      [...dashboard.matchAll(/"(?:expr|query)": "((?:[^"\\]|\\.)*)"/g)].flatMap(([, query = '']) =>
        namesIn(query),
      ),
    );
    expect(asked.size).toBeGreaterThan(15);
    const known = await namesOfMetrics();
    expect([...asked].filter((name) => !known.has(name))).toEqual([]);
  });

  it('stand in the documentation, each of ours', async () => {
    const page = readFileSync(join(DOCS, 'observability.md'), 'utf8');
    const documented = new Set(namesIn(page));
    const types = [...(await scrape()).matchAll(/^# TYPE ((?:canopy|grpc_server)_\S+) /gm)];
    const own = new Set(types.map(([, name = '']) => name));
    expect([...own].filter((name) => !documented.has(name))).toEqual([]);
  });
});
