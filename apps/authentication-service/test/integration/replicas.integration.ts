import { callUnary, type authentication } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { parseJwks, RevocationLists, verifyAttestation } from '@canopy/identity';
import { auditHash } from '@canopy/storage';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer } from 'testcontainers';
import {
  ADMIN_SECRET,
  bearerOf,
  challengeFor,
  DOMAIN,
  enrol,
  enrolmentRequest,
  EnrolmentRefusalReason,
  failureOf,
  firstPage,
  newCode,
  refusalOf,
  rotationRequest,
  tokenOf,
  tokenRequest,
} from '../bench.ts';
import { enrolUntilKilled, requireNothingLost } from '../killed.ts';
import { jwksOf, startProcess, type ServiceProcess } from '../service-process.ts';

const suite = getCipherSuite(1);
const admin = { metadata: bearerOf(ADMIN_SECRET) };
const noEngine = await whyNoEngine();
if (noEngine !== undefined)
  process.stderr.write(`skipped: replicas on Redis, no Docker engine: ${noEngine}\n`);
const withEngine = noEngine === undefined ? describe : describe.skip;

/** In CI a missing engine is a fault, not a reason to skip. */
async function whyNoEngine(): Promise<string | undefined> {
  try {
    await getContainerRuntimeClient();
    return undefined;
  } catch (cause) {
    if (process.env['CI'] === 'true') throw new Error('no Docker engine', { cause });
    return cause instanceof Error ? cause.message : String(cause);
  }
}

const now = (): bigint => BigInt(Math.floor(Date.now() / 1000));

const newKeys = () => ({ suite, keys: suite.signature.generateKeyPair() });

let container: StartedTestContainer;
let one: ServiceProcess;
let two: ServiceProcess;

async function startReplica(): Promise<ServiceProcess> {
  return startProcess({
    CANOPY_STORE: 'redis',
    CANOPY_REDIS_URLS: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
    CANOPY_STORE_KEY: 'a store key of at least 32 characters',
    CANOPY_SIGNING_KEY_LIFETIME: '10d',
  });
}

async function listFrom({ clients }: ServiceProcess, knownNumber = 0n): Promise<string> {
  const { result } = await callUnary(clients.client, 'getRevocationList', { knownNumber });
  return result?.$case === 'list' ? result.value.jwt : 'unchanged';
}

async function auditOf({ clients }: ServiceProcess): Promise<readonly authentication.AuditRecord[]> {
  const records: authentication.AuditRecord[] = [];
  let page: readonly authentication.AuditRecord[];
  do {
    const afterSequence = records.at(-1)?.sequence ?? 0n;
    ({ records: page } = await callUnary(clients.admin, 'readAudit', { afterSequence, limit: 50 }, admin));
    records.push(...page);
  } while (page.length > 0);
  return records;
}

withEngine('two replicas on one Redis', () => {
  beforeAll(async () => {
    container = await new GenericContainer('redis:7-bookworm')
      .withCommand(['redis-server', '--appendonly', 'yes'])
      .withExposedPorts(6379)
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/u))
      .start();
    [one, two] = await Promise.all([startReplica(), startReplica()]);
  });

  afterAll(async () => {
    one.end();
    two.end();
    await container.stop({ timeout: 0 });
  });

  it('serve the same keys, over HTTP too', async () => {
    expect(await jwksOf(one)).toBe(await jwksOf(two));
    const response = await fetch(`http://127.0.0.1:${two.httpPort}/.well-known/jwks.json`);
    expect(await response.text()).toBe(await jwksOf(one));
  });

  it('complete what the other one began: code here, challenge there, token here', async () => {
    const code = await newCode({ admin: one.clients.admin });
    const device = newKeys();
    const challenge = await challengeFor(two.clients, code);
    const request = enrolmentRequest(code, challenge, device);
    const { result } = await callUnary(one.clients.client, 'completeEnrolment', request);
    if (result?.$case !== 'device') throw new Error('a device expected');
    const again = await callUnary(two.clients.client, 'completeEnrolment', request);
    expect(again.result).toEqual(result);
    const keys = await parseJwks(await jwksOf(two));
    const check = { domain: DOMAIN, keys, nowMs: Date.now() };
    expect(await verifyAttestation(result.value.attestation, check)).toMatchObject({ valid: true });
    const login = await tokenRequest(one.clients, { ...device, enrolled: result.value });
    const { tokens } = await callUnary(two.clients.client, 'createAccessTokens', login);
    const metadata = bearerOf(tokens[0]?.token ?? '');
    const list = firstPage(result.value.user);
    const { devices } = await callUnary(one.clients.client, 'listDevices', list, { metadata });
    expect(devices.map(({ device: name }) => name)).toContain(result.value.device);
    const used = await failureOf(callUnary(one.clients.client, 'createAccessTokens', login));
    expect(used.reason).toBe('DEVICE_NOT_AUTHENTICATED');
  });

  it('enrol one device when they race for one code, time and again', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const userName = `racer${turn}`;
      const code = await newCode({ admin: one.clients.admin }, userName);
      const requests = await Promise.all(
        [one, two, one, two, one, two].map(async ({ clients }) =>
          enrolmentRequest(code, await challengeFor(clients, code), newKeys()),
        ),
      );
      const outcomes = await Promise.all(
        requests.map((request, i) => refusalOf(i % 2 === 0 ? two.clients : one.clients, request)),
      );
      expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === EnrolmentRefusalReason.CODE_USED)).toHaveLength(5);
      const list = firstPage(`mimi://${DOMAIN}/u/${userName}`);
      const { devices } = await callUnary(two.clients.admin, 'listDevices', list, admin);
      expect(devices).toHaveLength(1);
    }
  });

  it('use a challenge once when it is shown to both at the same time', async () => {
    const device = await enrol(one.clients);
    for (let turn = 0; turn < 5; turn++) {
      const login = await tokenRequest(two.clients, device);
      const answers = await Promise.allSettled(
        [one, two, one, two].map(({ clients }) => callUnary(clients.client, 'createAccessTokens', login)),
      );
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });

  it('give a key to one device when it is shown for two', async () => {
    const device = newKeys();
    const requests = await Promise.all(
      [one, two].map(async ({ clients }) => {
        const code = await newCode(clients);
        return enrolmentRequest(code, await challengeFor(clients, code), device);
      }),
    );
    const [first = 'none', second = 'none'] = await Promise.all(
      requests.map((request, i) => refusalOf(i === 0 ? one.clients : two.clients, request)),
    );
    expect([first, second].toSorted()).toEqual([EnrolmentRefusalReason.KEY_IN_USE, 'accepted']);
  });

  it('know at once that the other one rotated or revoked', async () => {
    const alice = await enrol(one.clients);
    const next = newKeys();
    await callUnary(one.clients.client, 'rotateCredential', await rotationRequest(two.clients, alice, next));
    expect((await failureOf(tokenOf(two.clients, alice))).code).toBe('UNAUTHENTICATED');
    const token = await tokenOf(two.clients, { ...alice, ...next });
    const before = await listFrom(two);
    const { device, user } = alice.enrolled;
    await callUnary(one.clients.admin, 'revokeDevice', { device }, admin);
    const metadata = bearerOf(token);
    const call = callUnary(two.clients.client, 'listDevices', firstPage(user), { metadata });
    expect((await failureOf(call)).code).toBe('UNAUTHENTICATED');
    const after = await listFrom(one);
    expect(after).not.toBe(before);
    await untilListIs(two, after);
    const lists = new RevocationLists({ domain: DOMAIN, keys: await parseJwks(await jwksOf(one)), now });
    expect(await lists.accept(after)).toMatchObject({ valid: true });
    expect((await lists.current())?.revokesDevice(device)).toBe(true);
    expect((await lists.accept(before)).valid).toBe(false);
  });

  it('publish one list when both are asked after a revocation', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const { device } = (await enrol(one.clients)).enrolled;
      const before = await listFrom(one);
      await callUnary(two.clients.admin, 'revokeDevice', { device }, admin);
      const lists = await Promise.all([two, one, two, one].map((each) => listFrom(each)));
      const published = lists.filter((list) => list !== before);
      expect(new Set(published).size).toBe(1);
      await untilListIs(one, published[0] ?? '');
    }
  });

  it('write one audit log, whose chain holds', async () => {
    await Promise.all([one, two, one, two, one, two].map(({ clients }) => enrol(clients)));
    const records = await auditOf(two);
    expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, i) => BigInt(i) + 1n));
    for (const [i, { entry, hash }] of records.entries()) {
      expect(Buffer.compare(hash, auditHash(records[i - 1]?.hash, entry))).toBe(0);
    }
  });

  it('lose nothing when one is killed, and it serves the same after a restart', async () => {
    const jwks = await jwksOf(one);
    const device = await enrol(two.clients);
    two.child.kill('SIGKILL');
    await two.exit;
    two.end();
    expect(await tokenOf(one.clients, device)).not.toBe('');
    two = await startReplica();
    expect(await jwksOf(two)).toBe(jwks);
    expect(await tokenOf(two.clients, device)).not.toBe('');
    await untilListIs(two, await listFrom(one));
  });

  it('lose no enrolment that was answered when one is killed, and the other answers those that were not', async () => {
    for (const answers of [1, 9, 20]) {
      const attempts = await enrolUntilKilled(two, answers);
      await requireNothingLost(one, attempts);
      two = await startReplica();
    }
  });

  it('say UNAVAILABLE while Redis hangs, and go on afterwards', async () => {
    const device = await enrol(one.clients);
    const { container: engine } = await getContainerRuntimeClient();
    const frozen = engine.getById(container.getId());
    await frozen.pause();
    try {
      const failure = await failureOf(
        callUnary(one.clients.client, 'beginAuthentication', { device: device.enrolled.device }),
      );
      expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(failure.code);
    } finally {
      await frozen.unpause();
    }
    await expect(untilTokens(device)).resolves.not.toBe('');
  });
});

/** Asks until the replica has looked into the store again; the test's own time limit ends it otherwise. */
async function untilListIs(replica: ServiceProcess, list: string): Promise<void> {
  while ((await listFrom(replica)) !== list) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Tries until the service has found Redis again; the test's own time limit ends it otherwise. */
async function untilTokens(device: Parameters<typeof tokenOf>[1]): Promise<string> {
  for (;;) {
    try {
      return await tokenOf(one.clients, device);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
