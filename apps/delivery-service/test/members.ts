/**
 * Members with real keys: groups whose commits and GroupInfos hold.
 *
 * @module
 */
import { encode } from '@canopy/codec';
import { delivery } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import {
  ATTESTATION_EXTENSION_TYPE,
  attestationExtension,
  deriveAccessKeyPair,
  deviceCredential,
  epochAccessExport,
  hashBody,
  signAttestation,
  signEpochAccessProof,
} from '@canopy/identity';
import {
  createKeyPackage,
  defaultPolicy,
  encodeMessage,
  Group,
  nodesOfTree,
  noPsks,
  ProposalType,
  PSKType,
  RatchetTreeNodes,
  supportedCapabilities,
  WireFormat,
  type ClientIdentity,
  type CommitRequest,
  type CreatedCommit,
  type GroupInfo,
  type GroupOptions,
  type LeafIndex,
  type MLSMessage,
  type OwnKeyPackage,
} from '@canopy/mls';
import type { Authority } from './authority.ts';
import { NOW, type Bench, type Device } from './bench.ts';
import { random } from './group.ts';

const suite = getCipherSuite(1);
const lifetime = { notBefore: BigInt(NOW / 1000) - 3600n, notAfter: BigInt(NOW / 1000) + 86_400n };

const options: GroupOptions = {
  policy: { ...defaultPolicy, allowResync: true, commitBeforeApplicationData: false },
  identities: {
    validateCredential: () => Promise.resolve({ valid: true }),
    validateSuccessor: () => Promise.resolve({ valid: true }),
  },
  psks: noPsks,
  now: () => BigInt(NOW / 1000),
};

/** A device with its keys and, once it is in a group, its view of it. */
export class Member {
  readonly device: Device;
  readonly identity: ClientIdentity;
  readonly #keyPackage: OwnKeyPackage;
  #group: Group | undefined;

  constructor(device: Device, identity: ClientIdentity) {
    this.device = device;
    this.identity = identity;
    this.#keyPackage = createKeyPackage({ suite, identity, lifetime, grease: false });
  }

  get group(): Group {
    if (this.#group === undefined) throw new Error(`${this.device.name} is in no group`);
    return this.#group;
  }

  /** Opens a group of one, with what the service needs to follow it. */
  async create(): Promise<void> {
    const groupId = random(16);
    const request = { suite, groupId, identity: this.identity, lifetime, extensions: [], grease: false };
    this.#group = await Group.create(request, options);
    const { groupInfo, ratchetTree } = this.statement();
    const { result } = await this.device.call('createGroup', {
      groupId,
      cipherSuite: suite.id,
      accessKey: this.accessKey(this.group).publicKey,
      groupInfo,
      ratchetTree,
    });
    if (result?.$case !== 'created') throw new Error('the group was not created');
  }

  accessKey(group: Group): ReturnType<typeof deriveAccessKeyPair> {
    return deriveAccessKeyPair(group.exportSecret(epochAccessExport(group.groupId)));
  }

  /** A GroupInfo of the group as it would be after a commit, or as it is, and its tree. */
  statement(group = this.group): { readonly groupInfo: Uint8Array; readonly ratchetTree: Uint8Array } {
    const groupInfo = group.groupInfo({ ratchetTree: false, externalPub: true, grease: false });
    return {
      groupInfo: encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo }),
      ratchetTree: encode(RatchetTreeNodes, nodesOfTree(group.state.tree)),
    };
  }

  proof(method: string, body: Uint8Array, group = this.group): delivery.EpochProof {
    const { epoch, groupId } = group;
    const timeUnixMs = BigInt(NOW);
    const proof = { method, groupId, epoch, timeUnixMs, bodyHash: hashBody(body) };
    return { epoch, timeUnixMs, signature: signEpochAccessProof(this.accessKey(group).privateKey, proof) };
  }

  /** Makes a commit by value, in the clear unless said otherwise, and its bundle. */
  async prepare(request: Partial<CommitRequest> = {}): Promise<Prepared> {
    const created = await this.group.commit({
      wireFormat: WireFormat.publicMessage,
      includeReceived: true,
      forcePath: true,
      welcomeInfo: { ratchetTree: false, externalPub: false, grease: false },
      ...request,
    });
    return { created, bundle: this.bundle(created.message, this.after(created)) };
  }

  /** The group as a commit would make it. */
  after({ staged }: CreatedCommit): Group {
    return new Group(staged.state, options);
  }

  bundle(commit: MLSMessage, next: Group): delivery.CommitBundle {
    return {
      groupId: next.groupId,
      epoch: next.epoch - 1n,
      requestId: random(16),
      commit: encodeMessage(commit),
      welcome: new Uint8Array(),
      welcomeRecipients: [],
      nextAccessKey: this.accessKey(next).publicKey,
      ...this.statement(next),
      knownSequence: 0n,
      revokeTickets: false,
    };
  }

  /** Offers a bundle with a proof for the member's epoch, or with a ticket. */
  async submit(
    bundle: delivery.CommitBundle,
    ticket = new Uint8Array(),
  ): Promise<delivery.SubmitCommitResponse['result']> {
    const encoded = delivery.CommitBundle.encode(bundle).finish();
    const proof = ticket.length > 0 ? undefined : this.proof('SubmitCommit', encoded);
    const request = { bundle: encoded, proof, ticket };
    return (await this.device.call('submitCommit', request)).result;
  }

  /** Commits and moves on. */
  async commit(request: Partial<CommitRequest> = {}): Promise<void> {
    const { created, bundle } = await this.prepare(request);
    const result = await this.submit(bundle);
    if (result?.$case !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(result?.value, text)}`);
    this.group.keep(created.staged);
  }

  /** Adds a member, who joins by the Welcome. */
  async add(other: Member): Promise<void> {
    const { created, bundle } = await this.prepareToAdd(other);
    // The Welcome goes by hand: mailboxes are another matter.
    const result = await this.submit(bundle);
    if (result?.$case !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(result?.value, text)}`);
    this.group.keep(created.staged);
    other.#group = await other.joinBy(created, this.group);
  }

  prepareToAdd(other: Member, request: Partial<CommitRequest> = {}): Promise<Prepared> {
    const { keyPackage } = other.#keyPackage;
    return this.prepare({ ...request, proposals: [{ proposalType: ProposalType.add, keyPackage }] });
  }

  /** Joins by the Welcome of a commit, into the group as it is after it. */
  joinBy({ welcome }: CreatedCommit, after: Group): Promise<Group> {
    if (welcome === undefined) throw new Error('an Add makes a Welcome');
    const join = { suite, welcome, keyPackage: this.#keyPackage, ratchetTree: after.state.tree };
    return Group.join(join, options);
  }

  /** Takes the place in a group that an accepted external commit gave. */
  enter(joined: Group): void {
    this.#group = joined;
  }

  async remove(leafIndex: LeafIndex): Promise<void> {
    await this.commit({ proposals: [{ proposalType: ProposalType.remove, removed: leafIndex }] });
  }

  async propose(): Promise<MLSMessage> {
    return this.group.proposeUpdate({
      wireFormat: WireFormat.publicMessage,
      authenticatedData: new Uint8Array(),
    });
  }

  async send(message: MLSMessage): Promise<delivery.SendMessageResponse['result']> {
    const { groupId, epoch } = this.group;
    const mlsMessage = encodeMessage(message);
    const body = { groupId, epoch, requestId: random(16), mlsMessage, knownSequence: 0n };
    const encoded = delivery.GroupMessage.encode(body).finish();
    const request = { message: encoded, proof: this.proof('SendMessage', encoded) };
    return (await this.device.call('sendMessage', request)).result;
  }

  /** Makes an external commit on a GroupInfo. */
  async joinExternally(
    groupInfo: GroupInfo,
    { tree, resync, showsKey = resync === undefined }: Join,
  ): Promise<{ readonly bundle: delivery.CommitBundle; readonly joined: Group }> {
    const { group: joined, message } = await Group.joinExternally(
      {
        suite,
        groupInfo,
        ratchetTree: tree,
        identity: this.identity,
        resync,
        psks: showsKey ? [{ pskType: PSKType.external, pskId: random(16), pskNonce: random(32) }] : [],
        authenticatedData: new Uint8Array(),
      },
      { ...options, psks: { ...noPsks, findExternalPsk: () => new Uint8Array(32) } },
    );
    return { bundle: this.bundle(message, joined), joined };
  }
}

export interface Join {
  readonly tree: Group['state']['tree'];
  /** The old leaf that goes. */
  readonly resync?: LeafIndex;
  /** Whether the commit names an external key; a guest's does unless said otherwise. */
  readonly showsKey?: boolean;
}

export interface Prepared {
  readonly created: CreatedCommit;
  readonly bundle: delivery.CommitBundle;
}

function text(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** Makes a member whose credential the authority attests. */
export async function createMember(
  bench: Bench,
  user: string,
  by: Authority = bench.authority,
): Promise<Member> {
  const device = await bench.device(user);
  const signatureKeyPair = suite.signature.generateKeyPair();
  const attestation = await signAttestation(
    {
      device: device.name,
      cipherSuite: suite.id,
      signatureKey: signatureKeyPair.publicKey,
      issuedAtMs: NOW - 1_000,
      expiresAtMs: NOW + 86_400_000,
    },
    by.signer,
  );
  return new Member(device, {
    credential: deviceCredential(device.name),
    signatureKeyPair,
    capabilities: supportedCapabilities([suite.id], { extensions: [ATTESTATION_EXTENSION_TYPE] }),
    leafExtensions: [attestationExtension(attestation)],
  });
}
