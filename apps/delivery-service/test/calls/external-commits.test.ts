import { createHash } from 'node:crypto';
import { decode } from '@canopy/codec';
import { delivery } from '@canopy/contract';
import { nameOfSignatureKey, signRevocationList } from '@canopy/identity';
import {
  decodeMessage,
  encodeMessage,
  RatchetTreeNodes,
  treeFromNodes,
  toLeafIndex,
  WireFormat,
  type GroupInfo,
  type RatchetTree,
} from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority, DOMAIN } from '../authority.ts';
import { failureOf, NOW, startBench, type Bench, type Device } from '../bench.ts';
import { random } from '../group.ts';
import { createMember, type Member } from '../members.ts';

let bench: Bench;
let alice: Member;
let bob: Member;

beforeEach(async () => {
  bench = await startBench({ environment: { CANOPY_PAGE_BYTES: '1024' } });
  alice = await createMember(bench, 'alice');
  bob = await createMember(bench, 'bob');
  await alice.create();
  await alice.add(bob);
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

const sha256 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(bytes).digest());

/** Where the log ends, and what belongs to it. */
async function dump(): Promise<unknown> {
  const { groupId } = alice.group;
  const { groupLog } = bench.store;
  return [await groupLog.findGroup(groupId), await groupLog.groupInfo(groupId)];
}

interface Found {
  readonly groupInfo: GroupInfo;
  readonly tree: RatchetTree;
}

/** Gets the GroupInfo with its tree by chunks, as a joiner does. */
async function find(device: Device, request: Partial<delivery.GetGroupInfoRequest>): Promise<Found> {
  const query = queryOf();
  const whole = { query, proof: undefined, ticket: new Uint8Array(), ...request };
  const { groupInfo: bytes, tree: reference } = await device.call('getGroupInfo', whole);
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.groupInfo || reference === undefined) throw new Error('no GroupInfo');
  const { epoch, hash, size } = reference;
  const parts: Uint8Array[] = [];
  for (let offset = 0n; offset < size;) {
    const { result } = await device.call('getRatchetTree', {
      groupId: alice.group.groupId,
      epoch,
      hash,
      offset,
    });
    if (result?.$case !== 'chunk') throw new Error('no chunk');
    parts.push(result.value.bytes);
    offset += BigInt(result.value.bytes.length);
  }
  const tree = new Uint8Array(Buffer.concat(parts));
  expect(sha256(tree)).toEqual(new Uint8Array(hash));
  return { groupInfo: message.groupInfo, tree: treeFromNodes(decode(RatchetTreeNodes, tree)) };
}

function queryOf(): Uint8Array {
  const { groupId } = alice.group;
  return delivery.GroupQuery.encode({ groupId, afterSequence: 0n, limit: 0, device: '' }).finish();
}

function findWithProof(member: Member): Promise<Found> {
  return find(member.device, { proof: member.proof('GetGroupInfo', queryOf()) });
}

async function createTicket(
  token: Uint8Array,
  options: { readonly member?: Member; readonly expiresAtUnixMs?: bigint } = {},
): Promise<delivery.CreateTicketResponse['result']> {
  const { member = alice, expiresAtUnixMs = BigInt(NOW + 60_000) } = options;
  const { groupId } = alice.group;
  const ticket = delivery.Ticket.encode({ groupId, tokenHash: sha256(token), expiresAtUnixMs }).finish();
  const proof = member.proof('CreateTicket', ticket);
  return (await member.device.call('createTicket', { ticket, proof })).result;
}

function rejected(reason: string): unknown {
  return {
    $case: 'rejected',
    value: expect.objectContaining({ reason: `SUBMISSION_REJECTION_REASON_${reason}` }),
  };
}

describe('an external commit', () => {
  it('without a ticket passes when it replaces the old leaf of the device that sends it', async () => {
    const { groupInfo, tree } = await findWithProof(bob);
    const { bundle, joined } = await bob.joinExternally(groupInfo, { tree, resync: toLeafIndex(1) });
    const answer = await bob.submit(bundle);
    expect(answer).toMatchObject({ $case: 'accepted', value: { sequence: 2n } });
    // The same bytes again after a lost answer.
    expect(await bob.submit(bundle)).toEqual({
      $case: 'accepted',
      value: { ...answer?.value, alreadyAccepted: true },
    });
    bob.enter(joined);
    await bob.commit();
  });

  it('passes with a proof for an epoch that is over, but not for ever', async () => {
    const device = bob.device;
    for (let round = 0; round < 3; round += 1) await alice.commit();
    const { groupInfo, tree } = await find(device, { proof: bob.proof('GetGroupInfo', queryOf()) });
    const { bundle } = await bob.joinExternally(groupInfo, { tree, resync: toLeafIndex(1) });
    expect(await bob.submit(bundle)).toMatchObject({ $case: 'accepted' });

    await bench.close();
    bench = await startBench({ environment: { CANOPY_RESYNC_EPOCHS: '2' } });
    alice = await createMember(bench, 'alice');
    bob = await createMember(bench, 'bob');
    await alice.create();
    await alice.add(bob);
    for (let round = 0; round < 3; round += 1) await alice.commit();
    const late = await failureOf(find(bob.device, { proof: bob.proof('GetGroupInfo', queryOf()) }));
    expect([late.code, late.reason]).toEqual(['PERMISSION_DENIED', 'PROOF_EPOCH_TOO_OLD']);
    const found = await findWithProof(alice);
    const other = await bob.joinExternally(found.groupInfo, { tree: found.tree, resync: toLeafIndex(1) });
    const before = await dump();
    const refused = await failureOf(bob.submit(other.bundle));
    expect([refused.code, refused.reason]).toEqual(['PERMISSION_DENIED', 'PROOF_WRONG_EPOCH']);
    expect(await dump()).toEqual(before);
  });

  it('of a removed member does not pass, and it learns nothing: its leaf is gone', async () => {
    const carol = await createMember(bench, 'carol');
    await alice.add(carol);
    await alice.remove(toLeafIndex(2));
    const failure = await failureOf(find(carol.device, { proof: carol.proof('GetGroupInfo', queryOf()) }));
    expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'PROOF_EPOCH_TOO_OLD']);
    // Even if somebody gives it the GroupInfo.
    const { groupInfo, tree } = await findWithProof(alice);
    const before = await dump();
    const plain = await carol.joinExternally(groupInfo, { tree });
    expect(await carol.submit(plain.bundle)).toEqual(rejected('NOT_A_RESYNC'));
    const instead = await carol.joinExternally(groupInfo, { tree, resync: toLeafIndex(1) });
    expect(await carol.submit(instead.bundle)).toEqual(rejected('NOT_A_RESYNC'));
    expect(await dump()).toEqual(before);
    await alice.commit();
  });

  it('passes for nobody but the device that joins by it', async () => {
    const { groupInfo, tree } = await findWithProof(bob);
    const { bundle } = await bob.joinExternally(groupInfo, { tree, resync: toLeafIndex(1) });
    const before = await dump();
    expect(await alice.submit(bundle)).toEqual(rejected('CREDENTIAL_INVALID'));
    expect(await dump()).toEqual(before);
    expect(await bob.submit(bundle)).toMatchObject({ $case: 'accepted' });
  });

  it('passes only with a credential that the authentication service attests', async () => {
    const { groupInfo, tree } = await findWithProof(bob);
    const impostor = await createMember(bench, 'bob', await createAuthority());
    impostor.enter(bob.group);
    const { bundle } = await impostor.joinExternally(groupInfo, { tree, resync: toLeafIndex(1) });
    const before = await dump();
    expect(await impostor.submit(bundle)).toEqual(rejected('CREDENTIAL_INVALID'));
    expect(await dump()).toEqual(before);
  });

  it('does not pass with a key that is revoked, though its device is not', async () => {
    const { groupInfo, tree } = await findWithProof(bob);
    const { bundle } = await bob.joinExternally(groupInfo, { tree, resync: toLeafIndex(1) });
    const issuedAt = BigInt(NOW / 1000);
    const list = await signRevocationList(
      {
        domain: DOMAIN,
        number: 1,
        issuedAt,
        nextUpdate: issuedAt + 3_600n,
        certificates: [],
        devices: [],
        keys: [nameOfSignatureKey(bob.identity.signatureKeyPair.publicKey)],
      },
      bench.authority.signer,
    );
    expect(await bench.service.revocations.accept(list)).toMatchObject({ valid: true });
    const before = await dump();
    expect(await bob.submit(bundle)).toEqual(rejected('CREDENTIAL_INVALID'));
    expect(await dump()).toEqual(before);
  });

  it('that members would refuse is rejected', async () => {
    const { groupInfo, tree } = await findWithProof(bob);
    const { bundle } = await bob.joinExternally(groupInfo, { tree, resync: toLeafIndex(1) });
    const message = decodeMessage(bundle.commit);
    if (message.wireFormat !== WireFormat.publicMessage) throw new Error('an external commit is public');
    const { publicMessage } = message;
    const auth = { ...publicMessage.auth, signature: random(64) };
    const commit = encodeMessage({ ...message, publicMessage: { ...publicMessage, auth } });
    const before = await dump();
    expect(await bob.submit({ ...bundle, commit })).toEqual(rejected('INVALID'));
    expect(await dump()).toEqual(before);
  });
});

describe('a ticket', () => {
  const token = random(32);

  it('lets one guest in, once', async () => {
    const [carol, dave] = [await createMember(bench, 'carol'), await createMember(bench, 'dave')];
    expect(await createTicket(token)).toEqual({
      $case: 'created',
      value: { expiresAtUnixMs: BigInt(NOW + 60_000) },
    });
    expect(await createTicket(token)).toMatchObject({ $case: 'created' });
    const forCarol = await find(carol.device, { ticket: token });
    const forDave = await find(dave.device, { ticket: token });
    const { bundle, joined } = await carol.joinExternally(forCarol.groupInfo, { tree: forCarol.tree });
    const loser = await dave.joinExternally(forDave.groupInfo, { tree: forDave.tree });
    const answer = await carol.submit(bundle, token);
    expect(answer).toMatchObject({ $case: 'accepted', value: { sequence: 2n } });
    expect(await dave.submit(loser.bundle, token)).toEqual(rejected('TICKET_INVALID'));
    const failure = await failureOf(find(dave.device, { ticket: token }));
    expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'TICKET_INVALID']);
    // The same bytes again after a lost answer.
    expect(await carol.submit(bundle, token)).toEqual({
      $case: 'accepted',
      value: { ...answer?.value, alreadyAccepted: true },
    });
    carol.enter(joined);
    expect(await createTicket(token, { member: carol })).toEqual({
      $case: 'refused',
      value: { reason: 'TICKET_REFUSAL_REASON_USED' },
    });
    await carol.commit();
  });

  it('is not needed twice when the commit lost a race: the guest makes another one with it', async () => {
    const carol = await createMember(bench, 'carol');
    await createTicket(token);
    const first = await find(carol.device, { ticket: token });
    const late = await carol.joinExternally(first.groupInfo, { tree: first.tree });
    await alice.commit();
    expect(await carol.submit(late.bundle, token)).toEqual({
      $case: 'conflict',
      value: { currentEpoch: 2n, winningCommitHash: expect.anything(), entries: [], complete: false },
    });
    const again = await find(carol.device, { ticket: token });
    const { bundle } = await carol.joinExternally(again.groupInfo, { tree: again.tree });
    expect(await carol.submit(bundle, token)).toMatchObject({ $case: 'accepted' });
  });

  it('that is unknown, expired or of another group lets nobody in, and the group looks like one that is not there', async () => {
    const carol = await createMember(bench, 'carol');
    const { groupInfo, tree } = await findWithProof(alice);
    const { bundle } = await carol.joinExternally(groupInfo, { tree });
    const before = await dump();
    const unknown = await carol.submit(bundle, token);
    expect(unknown).toEqual(rejected('TICKET_INVALID'));
    expect(await carol.submit({ ...bundle, groupId: random(16) }, token)).toEqual(unknown);
    await createTicket(token, { expiresAtUnixMs: BigInt(NOW + 1_000) });
    bench.clock.advance(1_001);
    expect(await carol.submit(bundle, token)).toEqual(unknown);
    expect(await dump()).toEqual(before);
    expect((await failureOf(find(carol.device, { ticket: token }))).reason).toBe('TICKET_INVALID');
  });

  it('lets no guest remove anybody, nor speak as a member', async () => {
    const carol = await createMember(bench, 'carol');
    await createTicket(token);
    const { groupInfo, tree } = await find(carol.device, { ticket: token });
    const { bundle } = await carol.joinExternally(groupInfo, { tree, resync: toLeafIndex(1) });
    const before = await dump();
    expect(await carol.submit(bundle, token)).toEqual(rejected('NOT_A_RESYNC'));
    const member = await bob.prepare();
    expect(await bob.submit(member.bundle, token)).toEqual(rejected('WRONG_CONTENT'));
    expect(await dump()).toEqual(before);
    const good = await carol.joinExternally(groupInfo, { tree });
    expect(await carol.submit(good.bundle, token)).toMatchObject({ $case: 'accepted' });
  });

  it('is of no use without a pre-shared key: the members would refuse the commit', async () => {
    const carol = await createMember(bench, 'carol');
    await createTicket(token);
    const { groupInfo, tree } = await find(carol.device, { ticket: token });
    const { bundle } = await carol.joinExternally(groupInfo, { tree, showsKey: false });
    const before = await dump();
    expect(await carol.submit(bundle, token)).toEqual(rejected('WRONG_CONTENT'));
    expect(await dump()).toEqual(before);
    const good = await carol.joinExternally(groupInfo, { tree });
    expect(await carol.submit(good.bundle, token)).toMatchObject({ $case: 'accepted' });
  });

  it('that is open ends with the commit that says so, also for reading, and may be made again', async () => {
    const [carol, other] = [await createMember(bench, 'carol'), random(32)];
    await createTicket(token);
    await createTicket(other);
    const found = await find(carol.device, { ticket: token });
    const early = await carol.joinExternally(found.groupInfo, { tree: found.tree });
    const lost = await bob.prepare();
    await alice.commit();
    // A commit that is not accepted ends nothing.
    expect(await bob.submit({ ...lost.bundle, revokeTickets: true })).toMatchObject({ $case: 'conflict' });
    expect(await carol.submit(early.bundle, token)).toMatchObject({ $case: 'conflict' });
    const { created, bundle } = await alice.prepare();
    expect(await alice.submit({ ...bundle, revokeTickets: true })).toMatchObject({ $case: 'accepted' });
    alice.group.keep(created.staged);
    for (const ended of [token, other])
      expect((await failureOf(find(carol.device, { ticket: ended }))).reason).toBe('TICKET_INVALID');
    expect(await carol.submit(early.bundle, token)).toEqual(rejected('TICKET_INVALID'));
    expect(await createTicket(token)).toMatchObject({ $case: 'created' });
    const again = await find(carol.device, { ticket: token });
    const late = await carol.joinExternally(again.groupInfo, { tree: again.tree });
    expect(await carol.submit(late.bundle, token)).toMatchObject({ $case: 'accepted' });
  });

  it('is for members of the current epoch to make, not too many, and not for longer than allowed', async () => {
    await alice.commit();
    const failure = await failureOf(createTicket(token, { member: bob }));
    expect([failure.code, failure.reason]).toEqual(['PERMISSION_DENIED', 'PROOF_EPOCH_TOO_OLD']);
    expect(await createTicket(token, { expiresAtUnixMs: BigInt(NOW) })).toEqual({
      $case: 'refused',
      value: { reason: 'TICKET_REFUSAL_REASON_EXPIRED' },
    });
    expect(await createTicket(token, { expiresAtUnixMs: 2n ** 64n - 1n })).toEqual({
      $case: 'created',
      value: { expiresAtUnixMs: BigInt(NOW + 7 * 86_400_000) },
    });
    for (let count = 1; count < 100; count += 1) await createTicket(random(32));
    expect(await createTicket(random(32))).toEqual({
      $case: 'refused',
      value: { reason: 'TICKET_REFUSAL_REASON_TOO_MANY' },
    });
  });
});

describe('a ratchet tree', () => {
  it('is read by nobody who does not know its hash, and not beyond its end', async () => {
    const { groupId } = alice.group;
    const stored = await bench.store.groupLog.groupInfo(groupId);
    if (stored?.tree === undefined) throw new Error('a tree expected');
    const { tree, epoch } = stored;
    const read = async (request: Partial<delivery.GetRatchetTreeRequest>): Promise<string | undefined> => {
      const whole = { groupId, epoch, hash: tree.hash, offset: 0n, ...request };
      return (await bob.device.call('getRatchetTree', whole)).result?.$case;
    };
    expect(await read({})).toBe('chunk');
    expect(await read({ offset: BigInt(tree.size) })).toBe('chunk');
    expect(await read({ offset: BigInt(tree.size) + 1n })).toBe('notFound');
    expect(await read({ offset: 2n ** 64n - 1n })).toBe('notFound');
    expect(await read({ hash: random(32) })).toBe('notFound');
    expect(await read({ hash: new Uint8Array() })).toBe('notFound');
    expect(await read({ epoch: 0n, hash: tree.hash })).toBe('notFound');
    expect(await read({ epoch: 2n ** 64n - 1n })).toBe('notFound');
    expect(await read({ groupId: random(16) })).toBe('notFound');
  });
});
