/**
 * What every registry does.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import { auditHash } from '../src/index.ts';
import type { Enrolment, Registry, Revocation } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';

const NOW = 1_800_000_000_000;
const user = 'mimi://example.com/u/alice';
const code = { codeHash: named('code'), user, expiresAtMs: NOW + 1000, audit: named('code made') };
const challenge = { challenge: named('challenge'), purpose: 'enrol', expiresAtMs: NOW + 500, nowMs: NOW };

const enrolment: Enrolment = {
  codeHash: code.codeHash,
  challenge: challenge.challenge,
  challengePurpose: challenge.purpose,
  device: 'mimi://example.com/d/alice/1',
  cipherSuite: 1,
  signaturePublicKey: named('public key'),
  nowMs: NOW + 100,
  audit: named('enrolled'),
};

const device = {
  device: enrolment.device,
  user,
  cipherSuite: 1,
  signaturePublicKey: named('public key'),
  enrolledAtMs: NOW + 100,
  revokedAtMs: undefined,
};

const revocation: Revocation = { device: enrolment.device, user, nowMs: NOW + 200, audit: named('revoked') };

async function prepare(registry: Registry): Promise<void> {
  await registry.createEnrolmentCode(code);
  await registry.putChallenge(challenge);
}

async function audit(registry: Registry): Promise<readonly string[]> {
  const records = await registry.readAudit(0n, 1000);
  return records.map(({ entry }) => new TextDecoder().decode(entry));
}

/** Runs the suite on stores made by `start`. */
export function registryContract(start: StartBench<Registry>): void {
  it(
    'keeps an enrolment code and says who used it',
    on(start, async (registry) => {
      expect(await registry.findEnrolmentCode(code.codeHash)).toBeUndefined();
      expect(await registry.createEnrolmentCode(code)).toEqual({ outcome: 'created' });
      expect(await registry.createEnrolmentCode({ ...code, user: 'other' })).toEqual({ outcome: 'exists' });
      const found = { user, expiresAtMs: NOW + 1000, usedBy: undefined };
      expect(await registry.findEnrolmentCode(code.codeHash)).toEqual(found);
      await registry.putChallenge(challenge);
      await registry.completeEnrolment(enrolment);
      expect(await registry.findEnrolmentCode(code.codeHash)).toEqual({ ...found, usedBy: device.device });
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
    'enrols a device and finds it by name, by key and by user',
    on(start, async (registry) => {
      await prepare(registry);
      expect(await registry.completeEnrolment(enrolment)).toEqual({ outcome: 'enrolled', device });
      expect(await registry.findDevice(device.device)).toEqual(device);
      expect(await registry.findDeviceByKey(device.signaturePublicKey)).toEqual(device);
      expect(await registry.devicesOf(user, 10)).toEqual([device]);
      expect(await registry.findDevice('nobody')).toBeUndefined();
      expect(await registry.findDeviceByKey(named('no key'))).toBeUndefined();
      expect(await registry.devicesOf('nobody', 10)).toEqual([]);
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
      expect(await registry.completeEnrolment(otherKey)).toEqual({ outcome: 'codeUsed' });
      expect(await registry.completeEnrolment({ ...again, cipherSuite: 2 })).toEqual({ outcome: 'codeUsed' });
      expect(await registry.devicesOf(user, 10)).toEqual([device]);
      expect(await audit(registry)).toEqual(['code made', 'enrolled']);
    }),
  );

  it(
    'changes nothing when an enrolment is refused',
    on(start, async (registry) => {
      await prepare(registry);
      const refused = async (change: Partial<Enrolment>): Promise<string> =>
        (await registry.completeEnrolment({ ...enrolment, ...change })).outcome;
      expect(await refused({ codeHash: named('?') })).toBe('codeUnknown');
      expect(await refused({ nowMs: NOW + 1001 })).toBe('codeExpired');
      expect(await refused({ challenge: named('?') })).toBe('challengeUnknown');
      expect(await refused({ challengePurpose: '?' })).toBe('challengeUnknown');
      expect(await refused({ nowMs: NOW + 501 })).toBe('challengeExpired');
      expect(await registry.devicesOf(user, 10)).toEqual([]);
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
      await registry.createEnrolmentCode({ ...code, codeHash: named('code 2') });
      await registry.putChallenge({ ...challenge, challenge: named('challenge 2') });
      const second = {
        ...enrolment,
        codeHash: named('code 2'),
        challenge: named('challenge 2'),
        device: 'd2',
      };
      expect(await registry.completeEnrolment(second)).toEqual({ outcome: 'keyInUse' });
      const own = { ...second, signaturePublicKey: named('own key') };
      expect((await registry.completeEnrolment(own)).outcome).toBe('enrolled');
      expect((await registry.devicesOf(user, 10)).map((one) => one.device)).toEqual([device.device, 'd2']);
      expect(await registry.devicesOf(user, 1)).toHaveLength(1);
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
      await registry.createEnrolmentCode(code);
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
      expect(outcomes.filter((outcome) => outcome === 'codeUsed')).toHaveLength(11);
      expect(await registry.devicesOf(user, 100)).toHaveLength(1);
    }),
  );

  it(
    'lets services that start together agree on one signing key',
    on(start, async (registry, bench) => {
      const second = await bench.open();
      expect(await registry.signingKeys()).toEqual([]);
      const first = { kid: 'k1', privateJwk: '{"d":"1"}', createdAtMs: NOW };
      expect(await registry.ensureSigningKey(first)).toEqual(first);
      expect(await second.ensureSigningKey({ ...first, kid: 'k2' })).toEqual(first);
      expect(await second.signingKeys()).toEqual([first]);
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
