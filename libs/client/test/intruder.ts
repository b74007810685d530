/**
 * An enrolled device that comes into a group without the leave of its members, by the token of a ticket alone.
 *
 * @module
 */
import { decode } from '@canopy/codec';
import { callUnary, delivery } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import {
  decodeMessage,
  defaultPolicy,
  encodeMessage,
  Group,
  noPsks,
  RatchetTreeNodes,
  treeFromNodes,
  WireFormat,
  type RatchetTree,
} from '@canopy/mls';
import { AccessTokens } from '../src/access-tokens.ts';
import { closeStubs, openStubs, type Stubs } from '../src/connections.ts';
import { identityOf } from '../src/credentials.ts';
import { systemClock } from '../src/index.ts';
import { makeBundle } from '../src/make-bundle.ts';
import { openStore } from '../src/store/store.ts';
import type { EnrolledDevice } from '../src/store/device-store.ts';
import { nowSeconds } from './rogue.ts';
import type { Services } from './services.ts';

function believe(): Promise<{ readonly valid: true }> {
  return Promise.resolve({ valid: true });
}

const options = {
  policy: defaultPolicy,
  identities: { validateCredential: believe, validateSuccessor: believe },
  psks: noPsks,
  now: nowSeconds,
};

/** An outsider with the keys of a device whose client is closed. */
export class Intruder {
  readonly #enrolled: EnrolledDevice;
  readonly #stubs: Stubs;
  readonly #tokens: AccessTokens;

  constructor(stateFile: string, services: Services) {
    const store = openStore(stateFile);
    const enrolled = store.device.enrolled();
    store.close();
    if (enrolled === undefined) throw new Error('not enrolled');
    this.#enrolled = enrolled;
    this.#stubs = openStubs(services.addresses);
    const life = { clock: systemClock, signal: new AbortController().signal };
    this.#tokens = new AccessTokens(this.#stubs.authentication, enrolled, life);
  }

  /** Offers an external commit without a pre-shared key. */
  async enter(groupId: Uint8Array, ticket: Uint8Array): Promise<delivery.SubmitCommitResponse['result']> {
    const metadata = await this.#tokens.metadata('delivery');
    const query = delivery.GroupQuery.encode({ groupId, afterSequence: 0n, limit: 0, device: '' }).finish();
    const request = { query, proof: undefined, ticket };
    const found = await callUnary(this.#stubs.delivery, 'getGroupInfo', request, { metadata });
    const message = decodeMessage(found.groupInfo);
    if (message.wireFormat !== WireFormat.groupInfo) throw new Error('a GroupInfo expected');
    const { group, message: commit } = await Group.joinExternally(
      {
        suite: getCipherSuite(1),
        groupInfo: message.groupInfo,
        ratchetTree: await this.#tree(groupId, found),
        identity: identityOf(this.#enrolled),
        resync: undefined,
        psks: [],
        authenticatedData: new Uint8Array(0),
      },
      options,
    );
    const nobody = { welcome: new Uint8Array(0), welcomeRecipients: [], knownSequence: 0n };
    const bundle = makeBundle({ commit: encodeMessage(commit), next: group, ...nobody });
    const { result } = await callUnary(
      this.#stubs.delivery,
      'submitCommit',
      { bundle, proof: undefined, ticket },
      { metadata },
    );
    return result;
  }

  close(): void {
    closeStubs(this.#stubs);
  }

  async #tree(groupId: Uint8Array, { tree }: delivery.GetGroupInfoResponse): Promise<RatchetTree> {
    const parts: Uint8Array[] = [];
    const { epoch = 0n, hash = new Uint8Array(0), size = 0n } = tree ?? {};
    for (let offset = 0n; offset < size; offset += BigInt(parts.at(-1)?.length ?? 0)) {
      const metadata = await this.#tokens.metadata('delivery');
      const request = { groupId, epoch, hash, offset };
      const { result } = await callUnary(this.#stubs.delivery, 'getRatchetTree', request, { metadata });
      if (result?.$case !== 'chunk') throw new Error('a part of the tree expected');
      parts.push(result.value.bytes);
    }
    return treeFromNodes(decode(RatchetTreeNodes, Buffer.concat(parts)));
  }
}
