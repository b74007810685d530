/**
 * Who is not a member, or not any more, against every call about a group.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callUnary, delivery } from '@canopy/contract';
import type { KeyPair } from '@canopy/crypto';
import { Deployment } from '../../src/deployment/deployment.ts';
import type { GroupView } from '../../src/history/group-view.ts';
import { prepareMessage } from '../../src/history/prepared.ts';
import { startStore, type AttackedStore, type StoreKind } from '../../src/deployment/store.ts';
import type { StoreDump } from '../../src/malformed/store-dump.ts';
import { bearer, enrolDevice, type Device } from '../../src/parties/device.ts';
import { furnish } from '../../src/parties/furnish.ts';
import { firstKey, keyAfter, prove } from '../../src/parties/group-keys.ts';
import { closeStubs, openStubs, replicaOf, type Stubs } from '../../src/parties/stubs.ts';
import { GROUP_CALLS, type Caller, type GroupCall } from '../../src/refusals/group-calls.ts';
import { loadContracts } from '../../src/malformed/descriptors.ts';

const HOUR = 3_600_000;

interface ProofFault {
  readonly reason: string;
  make(call: GroupCall, groupId: Uint8Array, body: Uint8Array): delivery.EpochProof | undefined;
}

/** Defines the tests, on one store. */
export function describeProofs(on: StoreKind): void {
  let store: AttackedStore;
  let deployment: Deployment;
  let stubs: Stubs;
  let alice: Device;
  let mallory: Device;
  /** Alice’s group, in its epoch 1, and one of Mallory’s. */
  let group: GroupView;
  let other: GroupView;
  let currentKey: KeyPair;
  let caller: Caller;
  let before: StoreDump;

  beforeAll(async () => {
    store = await startStore(on);
    deployment = await Deployment.start({ replicas: 1, settings: store.settings });
    stubs = openStubs(deployment);
    alice = await enrolDevice(stubs, deployment.adminSecret, 'alice');
    mallory = await enrolDevice(stubs, deployment.adminSecret, 'mallory');
    group = await furnish(stubs, alice, new Uint8Array(randomBytes(16)));
    other = await furnish(stubs, mallory, new Uint8Array(randomBytes(16)));
    currentKey = keyAfter(group.groupId, await commitOf(group));
    caller = { client: replicaOf(stubs.delivery), metadata: bearer(mallory.tokens.delivery) };
    await outboxIsEmpty();
    before = await store.dump(deployment, 'delivery-service');
  }, 120_000);

  afterAll(async () => {
    closeStubs(stubs);
    await deployment.stop();
    await store.stop();
  }, 30_000);

  /** The commit that ended epoch 0. */
  async function commitOf(view: GroupView): Promise<Uint8Array> {
    const { entries } = await read(view, firstKey(view.groupId), 0n);
    const commit = entries.find(({ kind }) => kind === delivery.LogEntryKind.COMMIT);
    if (commit === undefined) throw new Error('no commit');
    return commit.mlsMessage;
  }

  function read({ groupId }: GroupView, key: KeyPair, epoch: bigint): Promise<delivery.ReadGroupResponse> {
    const query = delivery.GroupQuery.encode({ groupId, afterSequence: 0n, limit: 0, device: '' }).finish();
    const request = { query, proof: prove(key, { method: 'ReadGroup', groupId, epoch, body: query }) };
    return callUnary(replicaOf(stubs.delivery), 'readGroup', request, {
      metadata: bearer(alice.tokens.delivery),
    });
  }

  /** A Welcome on its way would change the store by itself. */
  async function outboxIsEmpty(): Promise<void> {
    for (const { tokens } of [alice, mallory]) {
      for (let entries = 0; entries === 0;) {
        const request = { afterSequence: 0n, limit: 0 };
        const options = { metadata: bearer(tokens.delivery) };
        const page = await callUnary(replicaOf(stubs.delivery), 'readMailbox', request, options);
        entries = page.entries.length;
      }
    }
  }

  /** Proofs that must not open a group, each wrong in one way. */
  const faults: Readonly<Record<string, ProofFault>> = {
    'no proof': { reason: 'PROOF_MISSING', make: () => undefined },
    'an outsider’s proof': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId, body) =>
        prove(firstKey(new Uint8Array(randomBytes(16))), { method, groupId, epoch: 1n, body }),
    },
    'a stale proof': {
      reason: 'PROOF_STALE',
      make: ({ method }, groupId, body) =>
        prove(currentKey, { method, groupId, epoch: 1n, body, timeUnixMs: Date.now() - 2 * HOUR }),
    },
    'a proof from the future': {
      reason: 'PROOF_STALE',
      make: ({ method }, groupId, body) =>
        prove(currentKey, { method, groupId, epoch: 1n, body, timeUnixMs: Date.now() + 2 * HOUR }),
    },
    'a replayed proof of another body': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId) =>
        prove(currentKey, { method, groupId, epoch: 1n, body: new Uint8Array(randomBytes(40)) }),
    },
    'a replayed proof of another call': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId, body) =>
        prove(currentKey, {
          method: method === 'ReadGroup' ? 'Subscribe' : 'ReadGroup',
          groupId,
          epoch: 1n,
          body,
        }),
    },
    'a proof for another group': {
      reason: 'PROOF_INVALID',
      make: ({ method }, _, body) => other.prove(method, body),
    },
    'a proof for this group by the key of another': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId, body) =>
        prove(firstKey(other.groupId), { method, groupId, epoch: 1n, body }),
    },
    'a proof said to be of another epoch': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId, body) => ({
        ...prove(currentKey, { method, groupId, epoch: 1n, body }),
        epoch: 0n,
      }),
    },
    'a proof of an epoch that has not begun': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId, body) => prove(currentKey, { method, groupId, epoch: 2n, body }),
    },
    'a proof with another time than was signed': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId, body) => {
        const proof = prove(currentKey, { method, groupId, epoch: 1n, body });
        return { ...proof, timeUnixMs: proof.timeUnixMs + 1n };
      },
    },
    'a proof whose signature is cut': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId, body) => {
        const proof = prove(currentKey, { method, groupId, epoch: 1n, body });
        return { ...proof, signature: proof.signature.subarray(1) };
      },
    },
    'a proof without a signature': {
      reason: 'PROOF_INVALID',
      make: ({ method }, groupId, body) => ({
        ...prove(currentKey, { method, groupId, epoch: 1n, body }),
        signature: new Uint8Array(),
      }),
    },
  };

  async function answerTo(call: GroupCall, fault: ProofFault, groupId: Uint8Array): Promise<string> {
    const body = call.body({ groupId, epoch: 1n });
    return call.send(caller, body, fault.make(call, groupId, body));
  }

  describe('invariant 4: nobody reads or writes a group without a valid proof for an epoch of it', () => {
    it('asks the calls that the contract has', () => {
      const withProof = loadContracts()
        .rpcs.filter(({ request }) => request.fields.some(({ name }) => name === 'proof'))
        .map(({ method }) => method);
      const asked = new Set(GROUP_CALLS.map(({ name }) => name.split(',')[0]));
      // RestoreEntries is about entries that are lost: its test is below.
      expect(withProof.filter((method) => !asked.has(method))).toEqual(['RestoreEntries']);
    });

    describe.each(Object.entries(faults))('%s', (name, fault) => {
      it.each(GROUP_CALLS.map((call) => [call.name, call] as const))(
        'is refused by %s, and tells nothing',
        async (_, call) => {
          const existing = await answerTo(call, fault, group.groupId);
          const missing = await answerTo(call, fault, new Uint8Array(randomBytes(16)));
          // On a stream a lease may speak instead of a proof; here there is none.
          const expected =
            name === 'no proof' && /sending|submitting/.test(call.name)
              ? /^rejected .*LEASE_MISSING$/
              : new RegExp(`^(PERMISSION_DENIED|refused) ${fault.reason}`);
          expect(existing).toMatch(expected);
          expect(missing).toBe(existing);
        },
      );
    });

    it('changes nothing in the store, whatever was tried', async () => {
      expect(await store.dump(deployment, 'delivery-service')).toEqual(before);
    });
  });

  /** The key that a removed member keeps. */
  function removed(): KeyPair {
    return firstKey(group.groupId);
  }

  describe('invariant 4: a removed member, who has the key of the epoch before', () => {
    it('reads up to and including the commit that ended its epoch, and nothing of what came later', async () => {
      const { entries, end } = await read(group, removed(), 0n);
      expect(entries.map(({ sequence, kind }) => [sequence, kind])).toEqual([
        [1n, delivery.LogEntryKind.APPLICATION],
        [2n, delivery.LogEntryKind.COMMIT],
      ]);
      expect(end).toBe(true);
      const all = await read(group, currentKey, 1n);
      expect(all.entries.length).toBeGreaterThan(entries.length);
    });

    it.each([0n, 1n])('writes nothing, neither into its epoch nor into epoch %i', async (epoch) => {
      const { groupId } = group;
      const answers = await Promise.all(
        GROUP_CALLS.filter(({ method }) =>
          ['SubmitCommit', 'SendMessage', 'CreateTicket'].includes(method),
        ).map(async (call) => {
          const body = call.body({ groupId, epoch });
          const proof = prove(removed(), { method: call.method, groupId, epoch: 0n, body });
          return call.send(caller, body, proof);
        }),
      );
      for (const answer of answers)
        expect(answer).toMatch(/^(conflict|PERMISSION_DENIED PROOF_(WRONG_EPOCH|EPOCH_TOO_OLD))/);
      expect(await store.dump(deployment, 'delivery-service')).toEqual(before);
    });

    it('is told by a conflict no more than its proof opens', async () => {
      const { groupId } = group;
      const [submitCommit] = GROUP_CALLS;
      const bundle = submitCommit?.body({ groupId, epoch: 0n }) ?? new Uint8Array();
      const proof = prove(removed(), { method: 'SubmitCommit', groupId, epoch: 0n, body: bundle });
      const { client, metadata } = caller;
      const request = { bundle, proof, ticket: new Uint8Array() };
      const { result } = await callUnary(client, 'submitCommit', request, { metadata });
      if (result?.$case !== 'conflict')
        throw new Error(`a conflict expected, found ${result?.$case ?? 'nothing'}`);
      expect(result.value.entries.every(({ sequence }) => sequence <= 2n)).toBe(true);
    });
  });

  describe('a request that was overheard', () => {
    it('is the same request when it is sent again, by whomever: the same answer, and nothing new', async () => {
      const prepared = prepareMessage(group, 'application');
      if (prepared.method !== 'sendMessage') throw new Error('a message expected');
      const send = async ({ tokens }: Device): Promise<delivery.SendMessageResponse['result']> => {
        const metadata = bearer(tokens.delivery);
        const { result } = await callUnary(replicaOf(stubs.delivery), 'sendMessage', prepared.request, {
          metadata,
        });
        return result;
      };
      const first = await send(alice);
      const after = await store.dump(deployment, 'delivery-service');
      const again = await send(mallory);
      expect(first).toMatchObject({ $case: 'accepted', value: { alreadyAccepted: false } });
      expect(again).toMatchObject({ $case: 'accepted', value: { alreadyAccepted: true } });
      expect(again?.value).toMatchObject({
        sequence: first?.$case === 'accepted' ? first.value.sequence : -1n,
      });
      expect(await store.dump(deployment, 'delivery-service')).toEqual(after);
    });
  });
}
