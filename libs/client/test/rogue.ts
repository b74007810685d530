/**
 * A member that does not keep to the protocol.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { callUnary, delivery } from '@canopy/contract';
import {
  defaultPolicy,
  encodeMessage,
  Group,
  noPsks,
  WireFormat,
  type GroupOptions,
  type MLSMessage,
  type StagedCommit,
} from '@canopy/mls';
import { AccessTokens } from '../src/access-tokens.ts';
import { closeStubs, openStubs, type Stubs } from '../src/connections.ts';
import { proveMembership } from '../src/group-proof.ts';
import { systemClock } from '../src/index.ts';
import { makeBundle } from '../src/make-bundle.ts';
import { openStore } from '../src/store/store.ts';
import type { EnrolledDevice } from '../src/store/device-store.ts';
import type { Services } from './services.ts';

/** Seconds since 1970. */
export function nowSeconds(): bigint {
  return BigInt(Math.floor(Date.now() / 1000));
}

function believe(): Promise<{ readonly valid: true }> {
  return Promise.resolve({ valid: true });
}

/** A member that does not keep to the protocol: it has the keys of a device whose client is closed. */
export class Rogue {
  readonly group: Group;
  readonly enrolled: EnrolledDevice;
  readonly #stubs: Stubs;
  readonly #tokens: AccessTokens;
  readonly #options: GroupOptions;

  constructor(stateFile: string, conversation: string, services: Services) {
    const store = openStore(stateFile);
    const records = store.conversations.records(conversation);
    const enrolled = store.device.enrolled();
    store.close();
    if (enrolled === undefined) throw new Error('not a member');
    const identities = { validateCredential: believe, validateSuccessor: believe };
    this.#options = { policy: defaultPolicy, identities, psks: noPsks, now: nowSeconds };
    this.group = Group.restore(records, this.#options);
    this.enrolled = enrolled;
    this.#stubs = openStubs(services.addresses);
    const life = { clock: systemClock, signal: new AbortController().signal };
    this.#tokens = new AccessTokens(this.#stubs.authentication, enrolled, life);
  }

  async send(mlsMessage: MLSMessage | Uint8Array): Promise<delivery.SendMessageResponse['result']> {
    const { groupId, epoch } = this.group;
    const encoded = mlsMessage instanceof Uint8Array ? mlsMessage : encodeMessage(mlsMessage);
    const body = { groupId, epoch, requestId: randomBytes(16), mlsMessage: encoded, knownSequence: 0n };
    const message = delivery.GroupMessage.encode(body).finish();
    const proof = proveMembership(this.group, 'SendMessage', message, Date.now());
    const { result } = await this.#tokens.call('delivery', (metadata) =>
      callUnary(this.#stubs.delivery, 'sendMessage', { message, proof }, { metadata }),
    );
    return result;
  }

  /** Ends the epoch with a commit that nobody else can decrypt. */
  async commitGarbled(): Promise<delivery.SubmitCommitResponse['result']> {
    const { message, staged } = await this.group.commit({ forcePath: true });
    if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
    const { privateMessage } = message;
    const ciphertext = privateMessage.ciphertext.map((byte, index) => (index === 3 ? byte ^ 1 : byte));
    return this.submit(
      encodeMessage({ ...message, privateMessage: { ...privateMessage, ciphertext } }),
      staged,
    );
  }

  /** Offers a commit with what truly belongs to the state after it. */
  async submit(commit: Uint8Array, staged: StagedCommit): Promise<delivery.SubmitCommitResponse['result']> {
    const next = new Group(staged.state, this.#options);
    const nobody = { welcome: new Uint8Array(0), welcomeRecipients: [] };
    const bundle = makeBundle({ commit, next, ...nobody, knownSequence: 0n });
    const proof = proveMembership(this.group, 'SubmitCommit', bundle, Date.now());
    const request = { bundle, proof, ticket: new Uint8Array(0) };
    const { result } = await this.#tokens.call('delivery', (metadata) =>
      callUnary(this.#stubs.delivery, 'submitCommit', request, { metadata }),
    );
    return result;
  }

  close(): void {
    closeStubs(this.#stubs);
  }
}
