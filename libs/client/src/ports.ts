/**
 * What a client is given from outside.
 *
 * @module
 */

/** Tells the time in milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now() };

/** Waits so many milliseconds, or less when the signal is aborted: then it rejects. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** Gives a number from 0 up to, not including, 1. */
export type Random = () => number;

/** One line of a log: what happened, never a key, a token or a message. */
export interface LogLine {
  readonly event: string;
  readonly conversation?: string;
  readonly code?: string;
  readonly cause?: unknown;
}

/** Takes lines of a log. */
export type Log = (line: LogLine) => void;

/** The moments at which a process may die without anything being lost or done twice. */
export type Step =
  | 'enrol:keys-saved'
  | 'enrol:completed'
  | 'key-packages:saved'
  | 'key-packages:published'
  | 'create:saved'
  | 'create:opened'
  | 'commit:staged'
  | 'commit:saved'
  | 'commit:answered'
  | 'send:encrypted'
  | 'send:saved'
  | 'send:answered'
  | 'entry:processed'
  | 'entry:saved'
  | 'join:processed'
  | 'join:saved'
  | 'tree:part'
  | 'rejoin:staged'
  | 'rejoin:saved'
  | 'rejoin:answered'
  | 'rejoin:done'
  | 'restore:handed-in'
  | 'restore:rewound'
  | 'renew:saved'
  | 'ticket:saved'
  | 'ticket:registered'
  | 'visit:staged'
  | 'visit:saved'
  | 'visit:answered'
  | 'visit:done'
  | 'event:handed-over';

/** Is told that a moment has come, before anything else is done; tests let a process die there. */
export type BeforeStep = (step: Step) => void;
