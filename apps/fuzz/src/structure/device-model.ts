/**
 * What the simulation expects of a member: which messages it can take, and what becomes of those that it cannot.
 *
 * @module
 */

import type { Policy } from '@canopy/mls';
import type { Envelope } from './envelope.ts';
import { consumeGeneration, refusalOfGeneration, type RatchetModel } from './ratchet-model.ts';

/** What is known about a member; plain data, so that it can be copied when the member is stored. */
export interface DeviceModel {
  epoch: bigint;
  /** The first epoch that it was in. */
  readonly joinedAt: bigint;
  status: 'active' | 'removed' | 'ended';
  /** The proposals of its epoch that it knows, by the envelope they came in. */
  proposals: Set<number>;
  /** Past epochs that it can still read, the newest first. */
  retained: bigint[];
  /** The generations that it sends next. */
  sent: { handshake: number; application: number };
  /** By epoch, leaf and kind. */
  ratchets: Map<string, RatchetModel>;
  /** Messages that it has taken. */
  taken: Set<number>;
  /** Application messages that it may miss, and why. */
  excused: Map<number, string>;
  /** Limits made it lose a handshake message: it may be unable to go on. */
  mayBeStuck: boolean;
}

/** Makes what is expected of a member that has just entered. */
export function newModel(epoch: bigint): DeviceModel {
  return {
    epoch,
    joinedAt: epoch,
    status: 'active',
    proposals: new Set(),
    retained: [],
    sent: { handshake: 0, application: 0 },
    ratchets: new Map(),
    taken: new Set(),
    excused: new Map(),
    mayBeStuck: false,
  };
}

/** What happens to a message that was refused: it is of no use, its time comes later, or the member has lost it. */
export type Afterwards = 'forget' | 'later' | 'lost';

/** What is expected when a member processes a message. */
export interface Expectation {
  /** The codes of which one refuses it; empty when it is taken. */
  readonly codes: readonly string[];
  /** It may also be taken: the simulation does not know enough. */
  readonly mayPass: boolean;
  readonly afterwards: Afterwards;
}

const TAKEN: Expectation = { codes: [], mayPass: true, afterwards: 'forget' };

function refused(afterwards: Afterwards, ...codes: readonly string[]): Expectation {
  return { codes, mayPass: false, afterwards };
}

/** Says what is expected when the member of this name processes a message. */
export function expectationOf(
  model: DeviceModel,
  name: string,
  envelope: Envelope,
  policy: Policy,
): Expectation {
  if (model.status === 'removed') return refused('forget', 'GROUP_ENDED');
  return (
    expectationOfEpoch(model, envelope) ??
    expectationOfOwn(name, envelope) ??
    expectationOfRatchet(model, envelope, policy) ??
    expectationOfContent(model, envelope)
  );
}

function expectationOfOwn(name: string, { from, leaf, generation, kind }: Envelope): Expectation | undefined {
  const isOwn = from === name && leaf !== undefined;
  const isRefused = isOwn && (generation !== undefined || kind === 'commit');
  return isRefused ? refused('forget', 'OWN_MESSAGE') : undefined;
}

function expectationOfContent(model: DeviceModel, { kind, known }: Envelope): Expectation {
  if (kind === 'application') return TAKEN;
  if (model.status === 'ended') return refused('forget', 'GROUP_ENDED');
  if (kind === 'proposal' || [...known].every((id) => model.proposals.has(id))) return TAKEN;
  return { codes: ['UNKNOWN_PROPOSAL_REFERENCE'], mayPass: true, afterwards: 'later' };
}

function expectationOfEpoch(model: DeviceModel, { epoch, kind }: Envelope): Expectation | undefined {
  if (epoch === model.epoch) return undefined;
  if (epoch > model.epoch) return refused('later', 'WRONG_EPOCH');
  if (kind !== 'application') return refused('forget', 'WRONG_EPOCH');
  return model.retained.includes(epoch) ? undefined : refused('forget', 'EPOCH_NOT_RETAINED');
}

function ratchetOf(model: DeviceModel, { epoch, leaf, kind }: Envelope): RatchetModel {
  const key = `${epoch}/${leaf}/${kind === 'application' ? 'application' : 'handshake'}`;
  const ratchet = model.ratchets.get(key) ?? { next: 0, skipped: [] };
  model.ratchets.set(key, ratchet);
  return ratchet;
}

function expectationOfRatchet(
  model: DeviceModel,
  envelope: Envelope,
  policy: Policy,
): Expectation | undefined {
  if (envelope.generation === undefined) return undefined;
  switch (refusalOfGeneration(ratchetOf(model, envelope), envelope.generation, policy)) {
    case undefined:
      return undefined;
    case 'GENERATION_CONSUMED':
      return refused('lost', 'GENERATION_CONSUMED');
    case 'GENERATION_TOO_FAR':
      return refused('later', 'GENERATION_TOO_FAR');
  }
}

/** Notes that a message was taken. */
export function noteTaken(model: DeviceModel, envelope: Envelope, policy: Policy): void {
  if (envelope.generation !== undefined) {
    consumeGeneration(ratchetOf(model, envelope), envelope.generation, policy);
  }
  model.taken.add(envelope.id);
  if (envelope.kind === 'proposal') model.proposals.add(envelope.id);
}

/** Notes that the member has gone on to the next epoch. */
export function noteNextEpoch(model: DeviceModel, policy: Policy): void {
  model.retained = [model.epoch, ...model.retained].slice(0, policy.pastEpochs);
  model.epoch += 1n;
  model.proposals = new Set();
  model.sent = { handshake: 0, application: 0 };
  model.mayBeStuck = false;
  const readable = new Set([model.epoch, ...model.retained].map(String));
  for (const key of model.ratchets.keys()) {
    if (!readable.has(key.slice(0, key.indexOf('/')))) model.ratchets.delete(key);
  }
}
