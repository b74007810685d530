/**
 * What every registry does.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import { auditHash } from '../src/index.ts';
import type {
  Enrolment,
  PublishedList,
  Registry,
  Revocation,
  RevokedName,
  Rotation,
  SigningKey,
} from '../src/index.ts';
import * as fc from 'fast-check';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';
import { RealRegistry, RegistryModel } from './registry.model.ts';
import type { Step } from './registry.model.ts';

const NOW = 1_800_000_000_000;
const user = 'mimi://example.com/u/alice';
const code = {
  evidenceHash: named('code'),
  user,
  expiresAtMs: NOW + 1000,
  nowMs: NOW,
  audit: named('code made'),
};
const challenge = { challenge: named('challenge'), purpose: 'enrol', expiresAtMs: NOW + 500, nowMs: NOW };

const enrolment: Enrolment = {
  evidenceHash: code.evidenceHash,
  challenge: challenge.challenge,
  challengePurpose: challenge.purpose,
  device: 'mimi://example.com/d/alice/1',
  cipherSuite: 1,
  signaturePublicKey: named('public key'),
  nowMs: NOW + 100,
  keepUntilMs: NOW + 4_000,
  audit: named('enrolled'),
};

const device = {
  device: enrolment.device,
  user,
  cipherSuite: 1,
  signaturePublicKey: named('public key'),
  enrolledAtMs: NOW + 100,
  keySinceMs: NOW + 100,
  revokedAtMs: undefined,
};

const revocation: Revocation = {
  device: enrolment.device,
  user,
  nowMs: NOW + 200,
  keepUntilMs: NOW + 5_000,
  audit: named('revoked'),
};

const rotation: Rotation = {
  device: enrolment.device,
  currentKey: enrolment.signaturePublicKey,
  cipherSuite: 2,
  signaturePublicKey: named('next key'),
  nowMs: NOW + 300,
  keepUntilMs: NOW + 4_000,
  audit: named('rotated'),
};

const signingKey: SigningKey = {
  kid: 'k1',
  publicJwk: '{"x":"1"}',
  privateKey: '{"d":"1"}',
  signsFromMs: NOW,
  signsUntilMs: NOW + 1_000,
  publishedUntilMs: NOW + 9_000,
};

const list: PublishedList = { number: 1, version: 1n, jwt: 'a.b.c', renewAtMs: NOW + 60 };

async function prepare(registry: Registry): Promise<void> {
  await registry.putEvidence(code);
  await registry.putChallenge(challenge);
}

async function audit(registry: Registry): Promise<readonly string[]> {
  const records = await registry.readAudit(0n, 1000);
  return records.map(({ entry }) => new TextDecoder().decode(entry));
}

const small = fc.nat(3);
const lifetime = fc.constantFrom(0, 1_000, 1_000, 1_000);
/** Mostly the key that the device has. */
const from = fc.oneof(small, fc.constant('current' as const), fc.constant('current' as const));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('evidence' as const, 'challenge' as const), id: small, lifetime }),
  fc.record({ do: fc.constantFrom('evidence' as const, 'challenge' as const), id: small, lifetime }),
  fc.record({ do: fc.constant('consume' as const), id: small }),
  fc.record({ do: fc.constant('enrol' as const), evidence: small, challenge: small, key: small }),
  fc.record({ do: fc.constant('enrol' as const), evidence: small, challenge: small, key: small }),
  fc.record({ do: fc.constant('rotate' as const), device: fc.nat(1), from, to: fc.nat(6) }),
  fc.record({ do: fc.constant('revoke' as const), device: fc.nat(4) }),
  fc.record({ do: fc.constant('wait' as const), time: fc.constantFrom(1, 10, 11) }),
);

/** Runs the suite on stores made by `start`, with so many random histories beside a model. */
export function registryContract(start: StartBench<Registry>, histories = 6): void {
  it('does in every history what a few maps would do', async () => {
    const history = fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 70 }), async (steps) =>
      on(start, async (registry) => {
        const [model, real] = [new RegistryModel(), new RealRegistry(registry)];
        const [expected, found]: [string[], string[]] = [[], []];
        for (const each of steps) {
          const known = model.resolve(each);
          expected.push(model.step(known));
          found.push(await real.step(known));
        }
        expect(found).toEqual(expected);
        expect(await real.state()).toEqual(await model.state());
      })(),
    );
    await fc.assert(history, { numRuns: histories });
  });

  it(
    'keeps an enrolment code and says who used it',
    on(start, async (registry) => {
      expect(await registry.findEvidence(code.evidenceHash)).toBeUndefined();
      expect(await registry.putEvidence(code)).toEqual({ outcome: 'created' });
      expect(await registry.putEvidence({ ...code, user: 'other' })).toEqual({ outcome: 'exists' });
      const found = { user, expiresAtMs: NOW + 1000, usedBy: undefined };
      expect(await registry.findEvidence(code.evidenceHash)).toEqual(found);
      await registry.putChallenge(challenge);
      await registry.completeEnrolment(enrolment);
      expect(await registry.findEvidence(code.evidenceHash)).toEqual({ ...found, usedBy: device.device });
    }),
  );

  it(
    'gives a name to the subject that comes with it first',
    on(start, async (registry) => {
      const token = { ...code, evidenceHash: named('token'), subject: 'https://provider 1' };
      expect(await registry.putEvidence(token)).toEqual({ outcome: 'created' });
      const other = { ...token, evidenceHash: named('other token'), subject: 'https://provider 2' };
      expect(await registry.putEvidence(other)).toEqual({ outcome: 'otherSubject' });
      expect(await registry.findEvidence(other.evidenceHash)).toBeUndefined();
      expect(await registry.putEvidence({ ...other, subject: token.subject })).toEqual({
        outcome: 'created',
      });
      expect(await registry.putEvidence({ ...other, user: 'bob' })).toEqual({ outcome: 'exists' });
      expect(await registry.putEvidence(code)).toEqual({ outcome: 'created' });
      expect(await audit(registry)).toEqual(['code made', 'code made', 'code made']);
    }),
  );

  it(
    'lets a challenge work once, for its purpose and until it expires',
    on(start, async (registry) => {
      const use = { challenge: named('c'), purpose: 'token', nowMs: NOW };
      const keep = (): Promise<void> => registry.putChallenge({ ...use, expiresAtMs: NOW + 10 });
      expect(await registry.consumeChallenge(use)).toEqual({ outcome: 'challengeUnknown' });
      await keep();
      expect(await registry.consumeChallenge({ ...use, purpose: 'x' })).toEqual({
        outcome: 'challengeUnknown',
      });
      expect(await registry.consumeChallenge({ ...use, nowMs: NOW + 10 })).toEqual({ outcome: 'consumed' });
      expect(await registry.consumeChallenge(use)).toEqual({ outcome: 'challengeUnknown' });
      await keep();
      expect(await registry.consumeChallenge({ ...use, nowMs: NOW + 11 })).toEqual({
        outcome: 'challengeExpired',
      });
      expect(await registry.consumeChallenge(use)).toEqual({ outcome: 'challengeUnknown' });
    }),
  );

  it(
    'does not forget challenges that are still good when others are added',
    on(start, async (registry) => {
      await registry.putChallenge(challenge);
      await registry.putChallenge({ ...challenge, challenge: named('late'), nowMs: NOW + 500 });
      const use = { challenge: challenge.challenge, purpose: challenge.purpose, nowMs: NOW + 500 };
      expect(await registry.consumeChallenge(use)).toEqual({ outcome: 'consumed' });
    }),
  );

  it(
    'enrols a device and finds it by name and by user',
    on(start, async (registry) => {
      await prepare(registry);
      expect(await registry.completeEnrolment(enrolment)).toEqual({ outcome: 'enrolled', device });
      expect(await registry.findDevice(device.device)).toEqual(device);
      expect(await registry.devicesOf({ user, limit: 10 })).toEqual([device]);
      expect(await registry.findDevice('nobody')).toBeUndefined();
      expect(await registry.devicesOf({ user: 'nobody', limit: 10 })).toEqual([]);
      expect(await audit(registry)).toEqual(['code made', 'enrolled']);
      const use = { challenge: challenge.challenge, purpose: challenge.purpose, nowMs: NOW };
      expect(await registry.consumeChallenge(use)).toEqual({ outcome: 'challengeUnknown' });
    }),
  );

  it(
    'gives the same device when code and key are shown again, late too, and refuses another key',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment(enrolment);
      const again = { ...enrolment, device: 'another name', challenge: named('gone'), nowMs: NOW + 9999 };
      expect(await registry.completeEnrolment(again)).toEqual({ outcome: 'alreadyEnrolled', device });
      const otherKey = { ...again, signaturePublicKey: named('other key') };
      expect(await registry.completeEnrolment(otherKey)).toEqual({ outcome: 'evidenceUsed' });
      expect(await registry.completeEnrolment({ ...again, cipherSuite: 2 })).toEqual({
        outcome: 'evidenceUsed',
      });
      expect(await registry.devicesOf({ user, limit: 10 })).toEqual([device]);
      expect(await audit(registry)).toEqual(['code made', 'enrolled']);
    }),
  );

  it(
    'changes nothing when an enrolment is refused',
    on(start, async (registry) => {
      await prepare(registry);
      const refused = async (change: Partial<Enrolment>): Promise<string> =>
        (await registry.completeEnrolment({ ...enrolment, ...change })).outcome;
      expect(await refused({ evidenceHash: named('?') })).toBe('evidenceUnknown');
      expect(await refused({ nowMs: NOW + 1001 })).toBe('evidenceExpired');
      expect(await refused({ challenge: named('?') })).toBe('challengeUnknown');
      expect(await refused({ challengePurpose: '?' })).toBe('challengeUnknown');
      expect(await refused({ nowMs: NOW + 501 })).toBe('challengeExpired');
      expect(await registry.devicesOf({ user, limit: 10 })).toEqual([]);
      expect(await audit(registry)).toEqual(['code made']);
      expect(await refused({})).toBe('enrolled');
    }),
  );

  it(
    'refuses a key that a device has or had',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment(enrolment);
      await registry.revokeDevice(revocation);
      await registry.putEvidence({ ...code, evidenceHash: named('code 2') });
      await registry.putChallenge({ ...challenge, challenge: named('challenge 2') });
      const second = {
        ...enrolment,
        evidenceHash: named('code 2'),
        challenge: named('challenge 2'),
        device: 'd2',
      };
      expect(await registry.completeEnrolment(second)).toEqual({ outcome: 'keyInUse' });
      const own = { ...second, signaturePublicKey: named('own key') };
      expect((await registry.completeEnrolment(own)).outcome).toBe('enrolled');
      expect((await registry.devicesOf({ user, limit: 10 })).map((one) => one.device)).toEqual([
        device.device,
        'd2',
      ]);
      expect(await registry.devicesOf({ user, limit: 1 })).toHaveLength(1);
    }),
  );

  it(
    'revokes a device of its own user once, and remembers since when',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment(enrolment);
      expect(await registry.revokeDevice({ ...revocation, user: 'mallory' })).toEqual({
        outcome: 'unknownDevice',
      });
      expect(await registry.revokeDevice({ ...revocation, device: '?' })).toEqual({
        outcome: 'unknownDevice',
      });
      expect(await registry.revokeDevice(revocation)).toEqual({ outcome: 'revoked', revokedAtMs: NOW + 200 });
      expect(await registry.revokeDevice({ ...revocation, nowMs: NOW + 900 })).toEqual({
        outcome: 'alreadyRevoked',
        revokedAtMs: NOW + 200,
      });
      expect((await registry.findDevice(device.device))?.revokedAtMs).toBe(NOW + 200);
      expect(await audit(registry)).toEqual(['code made', 'enrolled', 'revoked']);
    }),
  );

  it(
    'enrols one device when one code is used many times at once',
    on(start, async (registry, bench) => {
      const registries = [registry, await bench.open(), await bench.open()];
      await registry.putEvidence(code);
      for (let i = 0; i < 12; i++) await registry.putChallenge({ ...challenge, challenge: named(`c${i}`) });
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          (registries[i % 3] ?? registry).completeEnrolment({
            ...enrolment,
            device: `d${i}`,
            challenge: named(`c${i}`),
            signaturePublicKey: named(`k${i}`),
          }),
        ),
      );
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'enrolled')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'evidenceUsed')).toHaveLength(11);
      expect(await registry.devicesOf({ user, limit: 100 })).toHaveLength(1);
    }),
  );

  it(
    'lists the devices of a user page by page',
    on(start, async (registry) => {
      const names = ['d1', 'd2', 'd3', 'd4', 'd5'];
      for (const name of names) {
        await registry.putEvidence({ ...code, evidenceHash: named(name) });
        await registry.putChallenge({ ...challenge, challenge: named(name) });
        const own = { evidenceHash: named(name), challenge: named(name), signaturePublicKey: named(name) };
        await registry.completeEnrolment({ ...enrolment, ...own, device: name });
      }
      const page = async (after: string | undefined): Promise<readonly string[]> => {
        const query = { user, limit: 2, ...(after === undefined ? {} : { after }) };
        return (await registry.devicesOf(query)).map((one) => one.device);
      };
      expect(await page(undefined)).toEqual(['d1', 'd2']);
      expect(await page('d2')).toEqual(['d3', 'd4']);
      expect(await page('d4')).toEqual(['d5']);
      expect(await page('d5')).toEqual([]);
      expect(await page('nobody')).toEqual([]);
      expect(await registry.devicesOf({ user: 'nobody', after: 'd1', limit: 2 })).toEqual([]);
    }),
  );

  it(
    'gives a device another key, and never takes the old one again',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment(enrolment);
      const next = {
        ...device,
        cipherSuite: 2,
        signaturePublicKey: named('next key'),
        keySinceMs: NOW + 300,
      };
      expect(await registry.rotateKey(rotation)).toEqual({ outcome: 'rotated', device: next });
      expect(await registry.findDevice(device.device)).toEqual(next);
      expect(await registry.rotateKey(rotation)).toEqual({ outcome: 'otherKey' });
      const back = {
        ...rotation,
        currentKey: named('next key'),
        signaturePublicKey: device.signaturePublicKey,
      };
      expect(await registry.rotateKey(back)).toEqual({ outcome: 'keyInUse' });
      expect(await registry.rotateKey({ ...back, signaturePublicKey: named('next key') })).toEqual({
        outcome: 'keyInUse',
      });
      expect(await registry.rotateKey({ ...rotation, device: '?' })).toEqual({ outcome: 'otherKey' });
      expect(await registry.findDevice(device.device)).toEqual(next);
      expect(await audit(registry)).toEqual(['code made', 'enrolled', 'rotated']);
      expect((await registry.revocationState()).list).toBeUndefined();
    }),
  );

  it(
    'records credentials of the key that a device has, and of no other',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment(enrolment);
      const { device: name, signaturePublicKey: currentKey } = enrolment;
      const issuance = { device: name, currentKey, keepUntilMs: NOW + 9_000, audit: named('renewed') };
      expect(await registry.recordIssuance(issuance)).toEqual({ outcome: 'recorded', device });
      expect(await registry.recordIssuance({ ...issuance, currentKey: named('other') })).toEqual({
        outcome: 'otherKey',
      });
      expect(await registry.recordIssuance({ ...issuance, device: 'nobody' })).toEqual({
        outcome: 'otherKey',
      });
      expect(await audit(registry)).toEqual(['code made', 'enrolled', 'renewed']);
      await registry.revokeDevice(revocation);
      expect(await registry.recordIssuance(issuance)).toEqual({ outcome: 'otherKey' });
      expect(await audit(registry)).toEqual(['code made', 'enrolled', 'renewed', 'revoked']);
    }),
  );

  it(
    'names a revoked device for as long as what was issued for it holds, whatever the caller believes',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment({ ...enrolment, keepUntilMs: NOW + 70_000 });
      const { device: name, signaturePublicKey: currentKey } = enrolment;
      const issuance = { device: name, currentKey, audit: named('renewed') };
      await registry.recordIssuance({ ...issuance, keepUntilMs: NOW + 90_000 });
      await registry.recordIssuance({ ...issuance, keepUntilMs: NOW + 80_000 });
      await registry.revokeDevice(revocation);
      expect(await registry.revokedNames({ nowMs: NOW, limit: 9 })).toEqual([
        { kind: 'device', name, keepUntilMs: NOW + 90_000 },
      ]);
    }),
  );

  it(
    'names a revoked key for as long as what was issued for it holds',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment({ ...enrolment, keepUntilMs: NOW + 70_000 });
      const revoked = { kind: 'key', name: 'old', keepUntilMs: NOW + 10 } as const;
      const rotated = await registry.rotateKey({ ...rotation, keepUntilMs: NOW + 60_000, revoked });
      expect(rotated.outcome).toBe('rotated');
      expect(await registry.revokedNames({ nowMs: NOW, limit: 9 })).toEqual([
        { ...revoked, keepUntilMs: NOW + 70_000 },
      ]);
    }),
  );

  it(
    'records hundreds of steps that are asked for at once, each once',
    on(start, async (registry) => {
      const entries = Array.from({ length: 600 }, (_, i) => `entry ${i}`);
      await Promise.all(entries.map((entry) => registry.appendAudit(named(entry))));
      expect((await audit(registry)).toSorted()).toEqual(entries.toSorted());
    }),
  );

  it(
    'does not give a revoked device another key',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment(enrolment);
      await registry.revokeDevice(revocation);
      expect(await registry.rotateKey(rotation)).toEqual({ outcome: 'otherKey' });
      expect((await registry.findDevice(device.device))?.signaturePublicKey).toEqual(
        device.signaturePublicKey,
      );
    }),
  );

  it(
    'lets one of two rotations of the same key win',
    on(start, async (registry, bench) => {
      const second = await bench.open();
      await prepare(registry);
      await registry.completeEnrolment(enrolment);
      const answers = await Promise.all(
        [registry, second, registry, second].map((each, i) =>
          each.rotateKey({ ...rotation, signaturePublicKey: named(`next ${i}`) }),
        ),
      );
      const outcomes = answers.map(({ outcome }) => outcome).toSorted();
      expect(outcomes).toEqual(['otherKey', 'otherKey', 'otherKey', 'rotated']);
      expect(await audit(registry)).toEqual(['code made', 'enrolled', 'rotated']);
    }),
  );

  it(
    'names what is revoked for as long as it has to, page by page, and says that there is news',
    on(start, async (registry) => {
      await prepare(registry);
      await registry.completeEnrolment(enrolment);
      const before = await registry.revocationState();
      const key: RevokedName = { kind: 'key', name: 'hash', keepUntilMs: NOW + 4_000 };
      await registry.rotateKey({ ...rotation, revoked: key });
      const between = await registry.revocationState();
      await registry.revokeDevice(revocation);
      const after = await registry.revocationState();
      expect(between.version).toBeGreaterThan(before.version);
      expect(after.version).toBeGreaterThan(between.version);
      const all = [key, { kind: 'device', name: device.device, keepUntilMs: NOW + 5_000 }];
      expect(await registry.revokedNames({ nowMs: NOW, limit: 10 })).toEqual(all);
      expect(await registry.revokedNames({ nowMs: NOW, limit: 1 })).toEqual([all[0]]);
      expect(await registry.revokedNames({ nowMs: NOW, after: key, limit: 10 })).toEqual([all[1]]);
      expect(await registry.revokedNames({ nowMs: NOW + 4_000, limit: 10 })).toEqual([all[1]]);
      expect(await registry.revokedNames({ nowMs: NOW + 5_000, limit: 10 })).toEqual([]);
    }),
  );

  it(
    'gives names that end at the same time once each, whatever the size of a page',
    on(start, async (registry) => {
      for (const name of ['d1', 'd2', 'd3', 'd4', 'd5']) {
        await registry.putEvidence({ ...code, evidenceHash: named(name) });
        await registry.putChallenge({ ...challenge, challenge: named(name) });
        const own = { evidenceHash: named(name), challenge: named(name), signaturePublicKey: named(name) };
        await registry.completeEnrolment({ ...enrolment, ...own, device: name });
        await registry.revokeDevice({ ...revocation, device: name });
      }
      const found: string[] = [];
      let after: RevokedName | undefined;
      do {
        const page = await registry.revokedNames({ nowMs: NOW, limit: 2, ...(after && { after }) });
        found.push(...page.map(({ name }) => name));
        after = page.at(-1);
      } while (after !== undefined);
      expect(found.toSorted()).toEqual(['d1', 'd2', 'd3', 'd4', 'd5']);
    }),
  );

  it(
    'publishes revocation lists one after the other, whoever signs them',
    on(start, async (registry, bench) => {
      const second = await bench.open();
      expect((await registry.revocationState()).list).toBeUndefined();
      const answers = await Promise.all(
        [registry, second, registry].map((each, i) =>
          each.publishRevocationList({ ...list, jwt: `${i}` }, 0),
        ),
      );
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes.toSorted()).toEqual(['published', 'superseded', 'superseded']);
      const winner = outcomes.indexOf('published');
      expect((await second.revocationState()).list).toEqual({ ...list, jwt: `${winner}` });
      const next = { ...list, number: 9 };
      expect(await registry.publishRevocationList(next, 0)).toEqual({ outcome: 'superseded' });
      expect(await registry.publishRevocationList(next, 2)).toEqual({ outcome: 'superseded' });
      expect(await registry.publishRevocationList(next, 1)).toEqual({ outcome: 'published' });
      expect((await registry.revocationState()).list).toEqual(next);
    }),
  );

  it(
    'lets services that start or rotate together agree on one signing key',
    on(start, async (registry, bench) => {
      const second = await bench.open();
      expect(await registry.signingKeys()).toEqual([]);
      expect(await registry.addSigningKey(signingKey, undefined)).toEqual({ outcome: 'added' });
      const next = { ...signingKey, kid: 'k2', signsFromMs: NOW + 1_000 };
      expect(await second.addSigningKey(next, undefined)).toEqual({ outcome: 'superseded' });
      expect(await second.signingKeys()).toEqual([signingKey]);
      expect(await second.addSigningKey(next, 'k1')).toEqual({ outcome: 'added' });
      expect(await registry.addSigningKey({ ...next, kid: 'k3' }, 'k1')).toEqual({ outcome: 'superseded' });
      expect(await registry.signingKeys()).toEqual([next, signingKey]);
    }),
  );

  it(
    'forgets private keys first and public ones later',
    on(start, async (registry) => {
      const next = { ...signingKey, kid: 'k2' };
      await registry.addSigningKey(signingKey, undefined);
      await registry.addSigningKey(next, 'k1');
      await registry.retireSigningKey('k1');
      await registry.retireSigningKey('k1');
      await registry.retireSigningKey('nobody');
      expect(await registry.signingKeys()).toEqual([next, { ...signingKey, privateKey: undefined }]);
      await registry.dropSigningKey('k1');
      await registry.dropSigningKey('k1');
      expect(await registry.signingKeys()).toEqual([next]);
      expect(await registry.addSigningKey({ ...next, kid: 'k3' }, 'k2')).toEqual({ outcome: 'added' });
    }),
  );

  it(
    'gives trust anchors a version that grows when they are replaced',
    on(start, async (registry, bench) => {
      const second = await bench.open();
      expect(await registry.versionOfTrustAnchors(named('a'))).toBe(1n);
      expect(await second.versionOfTrustAnchors(named('a'))).toBe(1n);
      expect(await second.versionOfTrustAnchors(named('b'))).toBe(2n);
      expect(await registry.versionOfTrustAnchors(named('b'))).toBe(2n);
      expect(await registry.versionOfTrustAnchors(named('a'))).toBe(3n);
    }),
  );

  it(
    'appends to the audit log in one order, whoever writes',
    on(start, async (registry, bench) => {
      const second = await bench.open();
      const entries = Array.from({ length: 20 }, (_, i) => `entry ${i}`);
      await Promise.all(
        entries.map((entry, i) => (i % 2 === 0 ? registry : second).appendAudit(named(entry))),
      );
      const records = await registry.readAudit(0n, 100);
      expect(records.map(({ sequence }) => Number(sequence))).toEqual(entries.map((_, i) => i + 1));
      expect((await audit(registry)).toSorted()).toEqual(entries.toSorted());
      for (const [i, { entry, hash }] of records.entries()) {
        expect(hash).toEqual(auditHash(records[i - 1]?.hash, entry));
      }
    }),
  );

  it(
    'chains the audit log, so that a change anywhere shows',
    on(start, async (registry) => {
      for (const name of ['a', 'b', 'c']) await registry.appendAudit(named(name));
      const records = await registry.readAudit(0n, 10);
      expect(records.map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n]);
      let previous: Uint8Array | undefined;
      for (const { entry, hash } of records) {
        expect(hash).toEqual(auditHash(previous, entry));
        previous = hash;
      }
      expect(await registry.readAudit(1n, 1)).toEqual([records[1]]);
      expect(await registry.readAudit(2n ** 64n - 1n, 1)).toEqual([]);
    }),
  );
}
