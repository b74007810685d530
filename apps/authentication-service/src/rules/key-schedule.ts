/**
 * When which signing key signs, is published and is forgotten.
 *
 * A key is made a while before it signs, so that whoever caches the key set knows it by then, and stays in the key set until
 * nothing that it signed holds any longer.
 *
 * @module
 */
import type { SigningKey } from '@canopy/storage';

/** How long keys live. */
export interface KeyScheduleSettings {
  /** How long a key signs. */
  readonly lifetimeMs: number;
  /** How long the longest-lived thing holds that is signed. */
  readonly longestMs: number;
}

/** What is to be done at a time. */
export interface KeyPlan {
  /** The key that signs; undefined when there is none. */
  readonly current: SigningKey | undefined;
  /** Keys that are in the key set, newest first. */
  readonly published: readonly SigningKey[];
  /** When the next key begins to sign, if it is time to make it. */
  readonly successorFromMs: number | undefined;
  /** Keys whose private part is of no use any more. */
  readonly retired: readonly SigningKey[];
  /** Keys that have verified nothing for so long that they need not be kept. */
  readonly dropped: readonly SigningKey[];
}

const DAY = 86_400_000;
/**
 * So many keys are kept at least, whatever the time: a clock that is wrong by a year must not take away for good what
 * attestations are verified with.
 */
const KEPT = 100;
/** Replicas look at the keys now and then only, and their clocks differ. */
const MARGIN_MS = 60_000;

/** How long before it signs a key is in the key set. */
export function publishedAheadMs({ lifetimeMs }: KeyScheduleSettings): number {
  return Math.min(DAY, Math.floor(lifetimeMs / 4));
}

/** Says what is to be done with the keys, given newest first. */
export function planKeys(keys: readonly SigningKey[], nowMs: number, settings: KeyScheduleSettings): KeyPlan {
  const [newest] = keys;
  const ahead = publishedAheadMs(settings);
  const able = keys.filter(({ privateKey }) => privateKey !== undefined);
  const over = keys.filter((key) => key !== newest && key.publishedUntilMs <= nowMs);
  return {
    current: able.find(({ signsFromMs }) => signsFromMs <= nowMs) ?? able.at(-1),
    published: keys.filter((key) => !over.includes(key)),
    successorFromMs: successorFrom(newest, nowMs, settings),
    retired: able.filter((key) => key !== newest && key.signsUntilMs + ahead <= nowMs),
    dropped: over.filter((key) => keys.indexOf(key) >= KEPT),
  };
}

/** Says when a key that begins to sign at a time ends to sign, and when nothing that it signed holds any longer. */
export function timesOf(
  signsFromMs: number,
  { lifetimeMs, longestMs }: KeyScheduleSettings,
): Pick<SigningKey, 'signsFromMs' | 'signsUntilMs' | 'publishedUntilMs'> {
  const signsUntilMs = signsFromMs + lifetimeMs;
  return { signsFromMs, signsUntilMs, publishedUntilMs: signsUntilMs + longestMs + MARGIN_MS };
}

function successorFrom(
  newest: SigningKey | undefined,
  nowMs: number,
  settings: KeyScheduleSettings,
): number | undefined {
  if (newest === undefined) return nowMs;
  // Made when lifetimes were shorter: what it signs now would outlive it.
  if (newest.publishedUntilMs - newest.signsUntilMs < settings.longestMs) return nowMs;
  if (newest.signsUntilMs - publishedAheadMs(settings) > nowMs) return undefined;
  return Math.max(newest.signsUntilMs, nowMs);
}
