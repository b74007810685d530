/**
 * A library on a stage: it enters the warm group when it is first asked to, and again after something went wrong there.
 *
 * @module
 */

import type { Peer, PeerClient } from '../peers/peer.ts';
import type { Stage } from '../stage/stage.ts';
import { foundFresh, type FreshGroup } from './fresh-group.ts';
import { enterStage, membersOf, requireAgreement, type LiveGroup } from './live-group.ts';

/** A library on a stage. */
export class Company {
  readonly peer: Peer;
  readonly stage: Stage;
  #entering: Promise<LiveGroup> | undefined;
  #entered: LiveGroup | undefined;
  #founding: Promise<FreshGroup> | undefined;

  constructor(peer: Peer, stage: Stage) {
    this.peer = peer;
    this.stage = stage;
  }

  /** Gives the live members; a library that could not enter once is not let in again. */
  async live(): Promise<LiveGroup> {
    this.#entering ??= enterStage(this.peer, this.stage);
    this.#entered = await this.#entering;
    return this.#entered;
  }

  /** Gives the founder of a group whose other members were all added by one commit, and the last of these. */
  async fresh(): Promise<FreshGroup> {
    this.#founding ??= foundFresh(this.peer, this.stage);
    return this.#founding;
  }

  /** Leaves the group, whose members may have lost each other. */
  leave(): void {
    if (this.#entered === undefined) return;
    this.#entered = undefined;
    this.#entering = undefined;
  }

  /** Requires that the live members, where there are any, are in the same epoch. */
  async requireAgreement(): Promise<void> {
    if (this.#entered !== undefined) await requireAgreement(membersOf(this.#entered));
  }

  /** Makes a client that is in no group. */
  createClient(name: string): Promise<PeerClient> {
    return this.peer.createClient(this.stage.cast.suite.id, name);
  }
}
