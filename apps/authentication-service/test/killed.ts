/**
 * Enrolments while the service is killed, and what has to be true of them afterwards.
 *
 * @module
 */
import { callUnary, type authentication } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { expect } from '@jest/globals';
import { toAuditLine, verifyAuditLines } from '../src/rules/audit-export.ts';
import { ADMIN_SECRET, bearerOf, challengeFor, enrolmentRequest, newCode } from './bench.ts';
import type { ServiceProcess } from './service-process.ts';

const admin = { metadata: bearerOf(ADMIN_SECRET) };
const suite = getCipherSuite(1);
const WRITERS = 6;

/** An enrolment that was asked for; without a device its answer did not come. */
export interface Attempt {
  readonly request: authentication.CompleteEnrolmentRequest;
  device: string | undefined;
}

/** Enrols devices with several writers at a time, kills the service after so many answers, and gives all attempts. */
export async function enrolUntilKilled(
  service: ServiceProcess,
  answers: number,
): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  const write = async (): Promise<void> => {
    for (;;) {
      const attempt = await begin(service);
      attempts.push(attempt);
      attempt.device = await deviceOf(service, attempt.request);
      if (attempts.filter(({ device }) => device !== undefined).length >= answers)
        service.child.kill('SIGKILL');
    }
  };
  // Each ends with the error of the call that the kill took away.
  await Promise.allSettled(Array.from({ length: WRITERS }, write));
  await service.exit;
  service.end();
  return attempts;
}

/** Requires that nothing was lost that was answered, and that whoever got no answer gets one now. */
export async function requireNothingLost(
  service: ServiceProcess,
  attempts: readonly Attempt[],
): Promise<void> {
  const devices = new Set<string>();
  for (const { request, device } of attempts) {
    const now = await deviceOf(service, request);
    if (device !== undefined) expect(now).toBe(device);
    devices.add(now);
  }
  expect(devices.size).toBe(attempts.length);
  const records = await readAudit(service);
  expect(await verifyAuditLines(records.map(toAuditLine))).toMatchObject({ holds: true });
  const enrolled = records
    .map(({ entry }): { event: string; device?: string } => JSON.parse(Buffer.from(entry).toString()))
    .filter(({ event }) => event === 'device-enrolled')
    .map(({ device }) => device);
  expect(enrolled).toEqual(expect.arrayContaining([...devices]));
  expect(new Set(enrolled).size).toBe(enrolled.length);
}

async function begin({ clients }: ServiceProcess): Promise<Attempt> {
  const code = await newCode(clients);
  const keys = suite.signature.generateKeyPair();
  const request = enrolmentRequest(code, await challengeFor(clients, code), { suite, keys });
  return { request, device: undefined };
}

async function deviceOf(
  { clients }: ServiceProcess,
  request: authentication.CompleteEnrolmentRequest,
): Promise<string> {
  const { result } = await callUnary(clients.client, 'completeEnrolment', request, { waitForReady: true });
  if (result?.$case !== 'device') throw new Error('a device expected', { cause: result });
  return result.value.device;
}

async function readAudit({ clients }: ServiceProcess): Promise<readonly authentication.AuditRecord[]> {
  const all: authentication.AuditRecord[] = [];
  for (;;) {
    const request = { afterSequence: all.at(-1)?.sequence ?? 0n, limit: 500 };
    const { records } = await callUnary(clients.admin, 'readAudit', request, admin);
    if (records.length === 0) return all;
    all.push(...records);
  }
}
