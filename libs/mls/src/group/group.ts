/**
 * A member's handle on a group: the one thing that changes. Every method is a step of the protocol (RFC 9420 §11–§15).
 *
 * @module
 */

import type { CipherSuite } from '@canopy/crypto';
import { createGroupInfo, type GroupInfoRequest } from '../commits/create-group-info.ts';
import {
  createCommit,
  plainCommit,
  inquiryOfCommitRequest,
  type CommitRequest,
  type CreatedCommit,
} from '../commits/create-commit.ts';
import type { GroupInfo } from '../commits/group-info.ts';
import {
  createExternalCommit,
  openGroupInfo,
  inquiryOfExternalJoin,
  type ExternalCommitRequest,
} from '../commits/join-by-commit.ts';
import {
  discardWelcome,
  inquiryOfWelcome,
  joinByWelcome,
  openWelcome,
  type WelcomeInput,
} from '../commits/join-by-welcome.ts';
import { processCommit } from '../commits/process-commit.ts';
import type { IsMember } from '../commits/validate-group-info.ts';
import type { Welcome } from '../commits/welcome.ts';
import { refuse } from '../errors.ts';
import { ContentType, SenderType, type Sender } from '../framing/content.ts';
import type { MLSMessage } from '../framing/message.ts';
import type { Unprotected } from '../framing/unprotect.ts';
import type { ClientIdentity } from '../key-packages/client-identity.ts';
import type { Proposal } from '../proposals/proposal.ts';
import { questionsOfProposal } from '../proposals/validate-proposal.ts';
import { exportSecret, type ExportRequest } from '../schedule/exporter.ts';
import type { Member } from '../tree/ratchet-tree.ts';
import { askAhead, type Outside } from './ask-ahead.ts';
import { protectApplicationData, type ApplicationData } from './application.ts';
import { createGroup, questionsOfGroup, type GroupRequest } from './create-group.ts';
import {
  createSubgroup,
  planBranch,
  planReinitialization,
  inquiryOfSubgroup,
  type BranchRequest,
  type ReinitializeRequest,
  type SubgroupPlan,
} from './create-subgroup.ts';
import { createProposal, createUpdate, rememberUpdate, type ProposalFraming } from './create-proposal.ts';
import { OwnCommits } from './own-commits.ts';
import type { Ports } from './ports.ts';
import {
  processProposal,
  inquiryOfContent,
  readApplicationData,
  unprotectMessage,
  type ReceivedApplicationData,
} from './process-message.ts';
import { readState } from './records/read-state.ts';
import { takeChanges } from './records/record-changes.ts';
import type { RecordChange, StateRecord } from './records/record.ts';
import type { StagedCommit } from './staged-commit.ts';
import { discardState, requireActive, retireState, type GroupState } from './state.ts';

/** What a group is given from outside. */
export interface GroupOptions extends Outside {
  /** Says of which groups the client is a member: it cannot join them again (R12.4.3-05). Of none, when absent. */
  readonly isMember?: IsMember;
}

/** What a received message turned out to be. */
export type Received =
  | ({ readonly kind: 'application' } & ReceivedApplicationData)
  | {
      readonly kind: 'proposal';
      readonly proposal: Proposal;
      readonly sender: Sender;
      readonly reference: Uint8Array;
    }
  /** To be kept or dropped by the caller. */
  | { readonly kind: 'commit'; readonly staged: StagedCommit };

/** A group that was founded on another one, and the way into it for its other members. */
export interface NewSubgroup {
  readonly group: Group;
  readonly welcome: Welcome | undefined;
}

/** A group as one member sees it. One operation at a time: a call waits for the one before. */
export class Group {
  readonly #options: GroupOptions;
  #state: GroupState;
  /** The state whose changes were taken last. */
  #taken: GroupState | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Staged commits that were kept or dropped: their secrets are in use or gone. */
  readonly #settled = new WeakSet<StagedCommit>();
  readonly #ownCommits = new OwnCommits();

  constructor(state: GroupState, options: GroupOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** Makes a group of one (RFC 9420 §11). */
  static async create(request: GroupRequest, options: GroupOptions): Promise<Group> {
    const { suite } = request;
    const ports = await askAhead(options, { suite, identities: questionsOfGroup(request) });
    return new Group(createGroup(request, ports), options);
  }

  /** Joins by a Welcome (RFC 9420 §12.4.3.1). */
  static async join(input: Omit<WelcomeInput, 'psks' | 'isMember'>, options: GroupOptions): Promise<Group> {
    const { psks, isMember } = options;
    const opened = openWelcome({ ...input, psks, isMember });
    try {
      return new Group(joinByWelcome(opened, await askAhead(options, inquiryOfWelcome(opened))), options);
    } catch (error) {
      discardWelcome(opened);
      throw error;
    }
  }

  /** Joins by an external Commit; the group is valid once the commit was accepted (RFC 9420 §12.4.3.2). */
  static async joinExternally(
    request: ExternalCommitRequest,
    options: GroupOptions,
  ): Promise<{ readonly group: Group; readonly message: MLSMessage }> {
    const opened = openGroupInfo(request, options.isMember);
    const ports = await askAhead(options, inquiryOfExternalJoin(opened));
    const { message, state } = createExternalCommit(opened, ports);
    return { group: new Group(state, options), message };
  }

  /**
   * Makes the group that takes over after a ReInit, with new KeyPackages of all other members (RFC 9420 §11.2).
   * This group has ended; the new one is entered by the others with `join`, given this one as `oldGroup`.
   */
  reinitialize(request: ReinitializeRequest): Promise<NewSubgroup> {
    return this.#found(() => planReinitialization(this.#state, request));
  }

  /** Makes a group of some of this group's members beside it (RFC 9420 §11.3). */
  branch(request: BranchRequest): Promise<NewSubgroup> {
    return this.#found(() => planBranch(this.#state, request));
  }

  /** Reads a group from all of its records; changes are taken from there on. @throws MlsError like `readState` */
  static restore(records: Iterable<StateRecord>, options: GroupOptions): Group {
    const group = new Group(readState(records), options);
    group.#taken = group.#state;
    return group;
  }

  /** The state as it is now; a value. */
  get state(): GroupState {
    return this.#state;
  }

  get suite(): CipherSuite {
    return this.#state.suite;
  }

  get groupId(): Uint8Array {
    return this.#state.groupContext.groupId;
  }

  get epoch(): bigint {
    return this.#state.groupContext.epoch;
  }

  /** The value by which members can compare that they are in the same epoch (RFC 9420 §8.7). */
  get epochAuthenticator(): Uint8Array {
    return Uint8Array.from(this.#state.secrets.epochAuthenticator);
  }

  /** The members from left to right. */
  members(): Generator<Member> {
    return this.#state.tree.members();
  }

  /** Derives a secret for the application (RFC 9420 §8.5). */
  exportSecret(request: ExportRequest): Uint8Array {
    return exportSecret(this.suite, this.#state.secrets.exporterSecret, request);
  }

  /** Makes a GroupInfo of the current epoch (RFC 9420 §12.4.3). */
  groupInfo(request: GroupInfoRequest): GroupInfo {
    return createGroupInfo(this.#state, request);
  }

  /** Encrypts application data (RFC 9420 §15). The state has to be stored before the message is sent. */
  protect(data: ApplicationData): MLSMessage {
    return protectApplicationData(this.#state, data, this.#options.policy);
  }

  /** Proposes a change (RFC 9420 §12.1). */
  propose(proposal: Proposal, framing: ProposalFraming): Promise<MLSMessage> {
    return this.#alone(async () => {
      const created = createProposal(this.#state, proposal, framing, await this.#portsForOwn(proposal));
      this.#state = created.state;
      return created.message;
    });
  }

  /** Proposes new keys, or a new identity, for this member (RFC 9420 §12.1.2). */
  proposeUpdate(framing: ProposalFraming, identity?: ClientIdentity): Promise<MLSMessage> {
    return this.#alone(async () => {
      const update = createUpdate(this.#state, identity);
      const ports = await this.#portsForOwn(update.proposal);
      const created = createProposal(this.#state, update.proposal, framing, ports);
      this.#state = rememberUpdate(created, update);
      return created.message;
    });
  }

  /** Makes a commit; `keep` it when it was accepted, else `drop` it (RFC 9420 §12.4.1, §14). */
  commit(request: Partial<CommitRequest> = {}): Promise<CreatedCommit> {
    return this.#alone(async () => {
      const complete = { ...plainCommit, ...request };
      const ports = await askAhead(this.#options, inquiryOfCommitRequest(this.#state, complete));
      const created = createCommit(this.#state, complete, ports);
      this.#ownCommits.remember(created.message, created.staged);
      return created;
    });
  }

  /** Takes back a commit that was made before a restart, so that its echo is known again (R12.4.2-17). */
  restoreCommit(message: MLSMessage, staged: StagedCommit): void {
    this.#requireCurrent(staged);
    this.#ownCommits.remember(message, staged);
  }

  /**
   * Processes a message; a refusal changes nothing (RFC 9420 §6, §12.4.2). An own commit that comes back is given as it
   * was staged; other own messages took effect when they were made and are refused with OWN_MESSAGE.
   */
  process(message: MLSMessage): Promise<Received> {
    return this.#alone(async () => {
      const own = this.#ownCommits.find(message);
      if (own !== undefined) return { kind: 'commit', staged: own };
      const unprotected = unprotectMessage(this.#state, message, this.#options.policy);
      try {
        const inquiry = inquiryOfContent(this.#state, unprotected.verified);
        const received = this.#act(unprotected, await askAhead(this.#options, inquiry));
        unprotected.accept();
        return received;
      } catch (error) {
        unprotected.refuse();
        throw error;
      }
    });
  }

  /**
   * Moves on to the state of a staged commit and overwrites what it replaces (RFC 9420 §9.2).
   *
   * @throws MlsError MISUSE for a commit of another epoch, or one that was kept or dropped before
   */
  keep(staged: StagedCommit): void {
    this.#requireCurrent(staged);
    this.#settle(staged);
    this.#ownCommits.clear();
    const old = this.#state;
    this.#state = staged.state;
    retireState(old, staged.state);
  }

  /** Forgets a staged commit (R14-02). */
  drop(staged: StagedCommit): void {
    this.#settle(staged);
    this.#ownCommits.forget(staged);
    if (!staged.effects.selfRemoved) discardState(staged.state, staged.base);
  }

  /**
   * Gives the records that have changed since this was last called, or since the group was restored; all of them the first
   * time. They have to be stored, all at once, before anything leaves that was made meanwhile (R6.3.1-05): when that
   * fails, this group is ahead of its store and has to be restored from there. Processing a commit uses its message key:
   * keep or drop it before, or store it beside (`encodeStagedCommit`), since it cannot be processed a second time.
   */
  takeChanges(): RecordChange[] {
    const changes = takeChanges(this.#taken, this.#state);
    this.#taken = this.#state;
    return changes;
  }

  #act({ verified }: Unprotected, ports: Ports): Received {
    const { body, sender } = verified.content;
    switch (body.contentType) {
      case ContentType.application:
        return { kind: 'application', ...readApplicationData(this.#state, verified) };
      case ContentType.proposal: {
        const { proposals, reference } = processProposal(this.#state, verified, ports);
        if (proposals !== this.#state.proposals) this.#state = { ...this.#state, proposals };
        return { kind: 'proposal', proposal: body.proposal, sender, reference };
      }
      case ContentType.commit:
        return { kind: 'commit', staged: processCommit(this.#state, verified, ports) };
    }
  }

  // A commit that was staged before another one was kept would fork this member off the group.
  #requireCurrent(staged: StagedCommit): void {
    if (staged.base.groupContext !== this.#state.groupContext) {
      refuse('MISUSE', 'R14-03', 'the commit was staged in another epoch');
    }
    // A removal leaves the epoch as it was: nothing that was staged beside it may bring the member back.
    requireActive(this.#state);
  }

  #settle(staged: StagedCommit): void {
    if (this.#settled.has(staged)) {
      refuse('MISUSE', 'R14-02', 'the commit was kept or dropped before');
    }
    this.#settled.add(staged);
  }

  #found(makePlan: () => SubgroupPlan): Promise<NewSubgroup> {
    return this.#alone(async () => {
      const plan = makePlan();
      const ports = await askAhead(this.#options, inquiryOfSubgroup(plan));
      const { state, welcome } = createSubgroup(this.#state, plan, ports);
      return { group: new Group(state, this.#options), welcome };
    });
  }

  #ownSender(): Sender {
    return { senderType: SenderType.member, leafIndex: this.#state.ownLeafIndex };
  }

  #portsForOwn(proposal: Proposal): Promise<Ports> {
    const identities = questionsOfProposal(proposal, this.#ownSender(), this.#state.tree);
    return askAhead(this.#options, { suite: this.suite, identities });
  }

  #alone<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#last.then(act, act);
    this.#last = result.catch(() => {});
    return result;
  }
}
