/**
 * A member looks at a message, and does with it exactly what is expected.
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { decodeMessage, type Received, type StagedCommit } from '@canopy/mls';
import { attempt, check, checkEqual, describeError, find, type Refusal } from '../finding.ts';
import { offerDamaged } from './damage.ts';
import type { Device, OpenCommit } from './device.ts';
import { expectationOf, noteTaken, type Expectation } from './device-model.ts';
import type { Envelope } from './envelope.ts';
import { isRepetition, receive, type Verdict } from './inbox-verdict.ts';
import { adoptCommit } from './settle-commit.ts';
import { store } from './storage.ts';
import type { World } from './world.ts';

/** Lets a member look at one of the messages in its queue. */
export async function deliverOne(world: World, device: Device): Promise<void> {
  const { choices, settings } = world;
  const at = choices.chance(60) ? 0 : choices.below(Math.min(settings.reorder, device.queue.length));
  const envelope = device.take(at);
  if (envelope === undefined) return;
  if (choices.chance(settings.duplication)) device.queue.push(envelope);
  await deliver(world, device, envelope);
  if (choices.chance(20)) device.save();
}

/** Lets a member look at a message. */
export async function deliver(world: World, device: Device, envelope: Envelope): Promise<void> {
  if (world.choices.chance(world.settings.damage)) await offerDamaged(world, device, envelope);
  if (device.own?.envelope.id === envelope.id) {
    await hearOwnCommit(world, device, device.own);
    return;
  }
  await process(world, device, envelope);
}

/** The log has a member's own commit: it goes on with what it has prepared. */
async function hearOwnCommit(world: World, device: Device, own: OpenCommit): Promise<void> {
  if (world.choices.chance(50)) await recogniseOwnCommit(world, device, own);
  world.note(`${device.name} hears that its #${own.envelope.id} was taken`);
  adoptCommit(world, device, own);
}

/** A group knows its own commit again: it gives what was staged. */
async function recogniseOwnCommit(
  world: World,
  device: Device,
  { envelope, staged }: OpenCommit,
): Promise<void> {
  const received = await device.group.process(decodeMessage(envelope.bytes));
  const isOwn = received.kind === 'commit' && received.staged === staged;
  check(isOwn, `${device.name} knows its own #${envelope.id} again`);
  world.counts.add('own commit recognised');
}

async function process(world: World, device: Device, envelope: Envelope): Promise<void> {
  const { policy } = device.setting.options;
  const expected = expectationOf(device.model, device.name, envelope, policy);
  const what = `${device.name} (epoch ${device.model.epoch}) processes #${envelope.id}`;
  const before = store(device.group.state);
  const result = await attempt(what, () => receive(device, envelope));
  world.counts.add(`delivered ${envelope.kind}`);
  if (result.kind === 'done' && result.value.kind === 'taken') {
    check(
      expected.mayPass,
      `${what}: a refusal with ${expected.codes.join(' or ')} expected, but it was taken`,
    );
    noteTaken(device.model, envelope, policy);
    take(world, device, envelope, result.value.received);
    device.retryWaiting();
    return;
  }
  check(equal(store(device.group.state), before), `${what}: a refusal changes nothing`);
  const codes = result.kind === 'refused' ? [result.refusal.code] : codesAside(result.value);
  world.note(`${what}: ${codes.join(' or ')}`);
  world.counts.add(`refusal ${codes.join(' or ')}`);
  if (result.kind === 'done' && isRepetition(device, envelope, expected)) return;
  const cause = result.kind === 'refused' ? result.refusal : undefined;
  checkCodes(what, expected, codes, cause);
  putAside(device, envelope, expected);
}

function codesAside(verdict: Verdict): readonly string[] {
  return verdict.kind === 'aside' ? verdict.codes : [];
}

function checkCodes(
  what: string,
  expected: Expectation,
  codes: readonly string[],
  refusal: Refusal | undefined,
): void {
  if (codes.some((code) => expected.codes.includes(code))) return;
  const wanted = expected.codes.length === 0 ? 'no refusal' : expected.codes.join(' or ');
  const found = refusal === undefined ? codes.join(' or ') : describeError(refusal);
  find(`${what}: ${wanted} expected, found ${found}`, refusal);
}

/** Notes what becomes of a message that was refused. */
function putAside({ model, waiting }: Device, envelope: Envelope, { afterwards, codes }: Expectation): void {
  if (afterwards === 'later') {
    waiting.push(envelope);
    return;
  }
  if (model.taken.has(envelope.id)) return;
  if (envelope.kind === 'application') model.excused.set(envelope.id, codes.join());
  else if (afterwards === 'lost') model.mayBeStuck = true;
}

function take(world: World, device: Device, envelope: Envelope, received: Received): void {
  const what = `${device.name} takes #${envelope.id}`;
  checkEqual(received.kind, envelope.kind, `${what}: kind`);
  switch (received.kind) {
    case 'application':
      checkEqual(new TextDecoder().decode(received.applicationData), envelope.text, `${what}: text`);
      checkEqual(received.sender.leafIndex, envelope.leaf, `${what}: sender`);
      checkEqual(received.epoch, envelope.epoch, `${what}: epoch`);
      return;
    case 'proposal':
      world.note(`${what}, a proposal`);
      return;
    case 'commit':
      takeCommit(world, device, envelope, received.staged);
  }
}

function takeCommit(world: World, device: Device, envelope: Envelope, staged: StagedCommit): void {
  world.note(`${device.name} stages #${envelope.id}`);
  if (world.service.fateOf(envelope.id) !== 'taken') {
    // It has leaked on its way; only the service decides which commit counts.
    device.group.drop(staged);
    return;
  }
  if (device.held?.envelope.id === envelope.id) {
    // A PublicMessage that came twice.
    device.group.drop(staged);
    return;
  }
  check(device.held === undefined, `${device.name} has two commits for one epoch that were taken`);
  device.held = { envelope, staged };
  if (world.choices.chance(80)) adoptCommit(world, device, device.held);
}
