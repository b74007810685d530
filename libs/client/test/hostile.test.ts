import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { authentication, callUnary, connect } from '@canopy/contract';
import { signAttestation } from '@canopy/identity';
import { createKeyPackage, ProposalType, WireFormat, type Group } from '@canopy/mls';
import { getCipherSuite } from '@canopy/crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { identityOf, lifetimeFrom } from '../src/credentials.ts';
import { openStore } from '../src/store/store.ts';
import type { EnrolledDevice } from '../src/store/device-store.ts';
import { authenticator, data, Device } from './device.ts';
import { nowSeconds, Rogue } from './rogue.ts';
import { Services, userUri } from './services.ts';

let services: Services;
const open: Device[] = [];

beforeAll(async () => {
  services = await Services.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ client }) => client.close()));
});
afterAll(() => services.stop());

async function device(userName: string): Promise<Device> {
  const made = await Device.enrol(services, userName);
  open.push(made);
  return made;
}

describe('a member that sends what it should not', () => {
  it('is passed over with an event; everything else goes on', async () => {
    const alice = await device('alice-rogue');
    const mallory = await device('mallory-rogue');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('mallory-rogue')]);
    await mallory.joined();
    await mallory.client.close();
    const rogue = new Rogue(mallory.stateFile, conversation.id, services);
    const message = rogue.group.protect({ applicationData: data('good'), authenticatedData: data('') });
    if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
    const { privateMessage } = message;
    const ciphertext = Uint8Array.from(privateMessage.ciphertext, (byte, index) =>
      index === 3 ? byte ^ 1 : byte,
    );
    const garbled = { ...privateMessage, ciphertext };

    await rogue.send({ wireFormat: WireFormat.privateMessage, privateMessage: garbled });
    await rogue.send(message);
    await rogue.send(message);
    await conversation.send(data('go on'));
    const unknown = { ...garbled, encryptedSenderData: randomBytes(garbled.encryptedSenderData.length) };
    await rogue.send({ wireFormat: WireFormat.privateMessage, privateMessage: unknown });
    await rogue.send(rogue.group.protect({ applicationData: data('end'), authenticatedData: data('') }));
    rogue.close();

    const events = await alice.until((event) => event.kind === 'message' && event.sequence === 7n);
    expect(events.slice(1).map(({ kind }) => kind)).toEqual([
      'unreadable',
      'message',
      'unreadable',
      'message',
    ]);
    expect(events.flatMap((event) => (event.kind === 'unreadable' ? [event.code] : []))).toEqual([
      'DECRYPTION_FAILED',
      'DECRYPTION_FAILED',
    ]);
    expect(authenticator(alice.conversation(conversation.id))).toBe(authenticator(conversation));
    await conversation.rotateKeys();
    expect(conversation.epoch).toBe(2n);
  });

  it('cannot stop others from sending by a proposal: it is committed first', async () => {
    const alice = await device('alice-proposal');
    const bob = await device('bob-proposal');
    const mallory = await device('mallory-proposal');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-proposal'), userUri('mallory-proposal')]);
    await bob.joined();
    await mallory.joined();
    await mallory.client.close();
    const rogue = new Rogue(mallory.stateFile, conversation.id, services);
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: data('') };
    const sent = await rogue.send(await rogue.group.proposeUpdate(framing));
    expect(sent?.$case).toBe('accepted');
    rogue.close();
    await bob.client.close();
    const again = await alice.reopen();
    open.push(again);

    await again.conversation(conversation.id).send(data('after the proposal'));

    const events = await again.until((event) => event.kind === 'members' && event.epoch === 2n);
    expect(events.at(-1)).toMatchObject({ updated: [mallory.uri, alice.uri], by: alice.uri });
    const ofBob = await bob.reopen();
    open.push(ofBob);
    expect(await ofBob.untilText('after the proposal')).toEqual(['after the proposal']);
  });
});

describe('a forged attestation', () => {
  it('of the one who invites makes the invited refuse the Welcome', async () => {
    const bob = await device('bob-forged');
    const mallory = await device('mallory-forged');
    await mallory.client.close();
    await forgeAttestation(mallory.stateFile);
    const forger = await Device.open(services, mallory.stateFile);
    open.push(forger);
    const conversation = await forger.client.createConversation();
    const { added } = await conversation.invite([userUri('bob-forged')]);
    expect(added).toEqual([bob.uri]);

    const events = await bob.until(({ kind }) => kind === 'unreadable');

    expect(events).toEqual([
      { kind: 'unreadable', conversation: conversation.id, sequence: 1n, code: 'INVALID_CREDENTIAL' },
    ]);
    expect(bob.client.conversations()).toEqual([]);
    const honest = await (await device('honest-forged')).client.createConversation();
    await honest.invite([userUri('bob-forged')]);
    await bob.joined(honest.id);
  });

  it('of an added device makes the members refuse the commit', async () => {
    const alice = await device('alice-insider');
    const mallory = await device('mallory-insider');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('mallory-insider')]);
    await mallory.joined();
    await mallory.client.close();
    const rogue = new Rogue(mallory.stateFile, conversation.id, services);
    const { privateKey } = await generateKeyPair('EdDSA');
    const forged = await forgedDevice(rogue.enrolled.device.replace('mallory-insider', 'ceo'), privateKey);
    const proposal = addOf(forged);
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: data('') };

    await rogue.send(await rogue.group.propose(proposal, framing));
    rogue.close();

    const events = await alice.until(({ kind }) => kind === 'unreadable');
    expect(events.at(-1)).toMatchObject({ code: 'INVALID_CREDENTIAL' });
    await conversation.rotateKeys();
    expect(conversation.members()).toHaveLength(2);
  });
});

function addOf(enrolled: EnrolledDevice): Parameters<Group['propose']>[0] {
  const suite = getCipherSuite(1);
  const lifetime = lifetimeFrom(nowSeconds());
  const { keyPackage } = createKeyPackage({ suite, identity: identityOf(enrolled), lifetime, grease: false });
  return { proposalType: ProposalType.add, keyPackage };
}

async function forgedDevice(
  deviceUri: string,
  privateKey: Parameters<typeof signAttestation>[1]['privateKey'],
): Promise<EnrolledDevice> {
  const signatureKeyPair = getCipherSuite(1).signature.generateKeyPair();
  const issuedAtMs = Date.now();
  const claims = {
    device: deviceUri,
    cipherSuite: 1,
    signatureKey: signatureKeyPair.publicKey,
    issuedAtMs,
    expiresAtMs: issuedAtMs + 3_600_000,
  };
  const attestation = await signAttestation(claims, { kid: 'forged', privateKey });
  return {
    device: deviceUri,
    domain: 'example.com',
    cipherSuite: 1,
    signatureKeyPair,
    attestation,
    x509Chain: [],
  };
}

/** Gives a device an attestation by a key of its own, which its own client is made to believe. */
async function forgeAttestation(stateFile: string): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA');
  const store = openStore(stateFile);
  const enrolled = store.device.enrolled();
  const trust = store.device.trust();
  store.close();
  if (enrolled === undefined || trust === undefined) throw new Error('not enrolled');
  const issuedAtMs = Date.now();
  const attestation = await signAttestation(
    {
      device: enrolled.device,
      cipherSuite: enrolled.cipherSuite,
      signatureKey: enrolled.signatureKeyPair.publicKey,
      issuedAtMs,
      expiresAtMs: issuedAtMs + 3_600_000,
    },
    { kid: 'forged', privateKey },
  );
  const jwks: { keys: object[] } = JSON.parse(trust.jwks);
  jwks.keys.push({ ...(await exportJWK(publicKey)), kid: 'forged', alg: 'EdDSA', use: 'sig' });
  const database = new DatabaseSync(stateFile);
  database.prepare('UPDATE device SET attestation = ?').run(attestation);
  database.prepare('UPDATE trust SET jwks = ?').run(JSON.stringify(jwks));
  database.close();
}

describe('an authentication service that speaks for itself', () => {
  it('gives keys that all clients check with, once for all', async () => {
    const alice = await device('alice-keys');
    const { authentication: address } = services.addresses;
    const stub = connect(authentication.AuthenticationServiceClient, { address });
    const { jwksJson } = await callUnary(stub, 'getJwks', {});
    stub.close();
    await alice.client.close();
    const store = openStore(alice.stateFile);
    expect(store.device.trust()).toEqual({ domain: 'example.com', jwks: jwksJson });
    store.close();
  });
});
