/**
 * What all clients of a run share.
 *
 * @module
 */
import type { Choices } from '../choices.ts';
import type { Deployment } from '../deployment/deployment.ts';
import type { Device } from '../parties/device.ts';
import type { Stubs } from '../parties/stubs.ts';
import type { Recorder } from './recorder.ts';

/** The surroundings of a run. */
export interface World {
  readonly deployment: Deployment;
  readonly stubs: Stubs;
  readonly recorder: Recorder;
  /** The devices of all clients. */
  readonly devices: readonly Device[];
  readonly groupIds: readonly Uint8Array[];
  /** How long a call waits for its answer. */
  readonly deadlineMs: number;
}

/** A client of a run: something that does one thing after the other until it is told to stop. */
export interface Actor {
  readonly name: string;
  /** Does one thing; resolves when its answer is there or will not come. */
  act(choices: Choices): Promise<void>;
  /** Lets go of what it holds open. */
  close(): Promise<void>;
}
