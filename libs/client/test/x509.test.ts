import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CredentialKind } from '../src/index.ts';
import { authenticator, data, Device } from './device.ts';
import { LooseDelivery } from './loose-delivery.ts';
import { Services, userUri } from './services.ts';

const MAKE_CA = fileURLToPath(
  new URL('../../../apps/authentication-service/src/make-ca.ts', import.meta.url),
);

let folder: string;
let delivery: LooseDelivery;
let services: Services;
const open: Device[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-ca-'));
  const made = spawnSync(process.execPath, [MAKE_CA, 'example.com', join(folder, 'ca')], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(made.stderr);
  delivery = await LooseDelivery.start();
  services = await Services.startBeside(delivery.address, {
    CANOPY_X509_ISSUER_CERTIFICATE: join(folder, 'ca', 'issuer.pem'),
    CANOPY_X509_ISSUER_KEY_FILE: join(folder, 'ca', 'issuer.key'),
    CANOPY_X509_TRUST_ANCHORS: join(folder, 'ca', 'root.pem'),
  });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ client }) => client.close()));
});
afterAll(async () => {
  await services.stop();
  delivery.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function device(userName: string, credential: CredentialKind): Promise<Device> {
  const made = await Device.open(services, join(folder, `${userName}.sqlite`));
  open.push(made);
  await made.client.enrol(await services.enrolmentCode(userName), { credential });
  await made.client.replenish();
  await made.client.start();
  return made;
}

describe('devices with certificates', () => {
  it('talk with each other and with devices that have attestations', async () => {
    const alice = await device('alice-x509', 'x509');
    const bob = await device('bob-x509', 'x509');
    const carol = await device('carol-x509', 'basic');
    const conversation = await alice.client.createConversation();

    const { added } = await conversation.invite(['bob-x509', 'carol-x509'].map(userUri));

    expect(added.toSorted()).toEqual([bob.uri, carol.uri].toSorted());
    const [ofBob, ofCarol] = [await bob.joined(), await carol.joined()];
    await ofCarol.send(data('by attestation'));
    await alice.untilText('by attestation');
    await ofBob.rotateKeys();
    await ofBob.send(data('by certificate'));
    const [message] = (await carol.until(({ kind }) => kind === 'message')).slice(-1);
    expect(message).toMatchObject({ kind: 'message', from: bob.uri });
    await alice.untilText('by certificate');
    expect(new Set([conversation, ofBob, ofCarol].map(authenticator)).size).toBe(1);
  });

  it('keep their certificates and their trust over a restart', async () => {
    const alice = await device('alice-again', 'x509');
    const again = await alice.reopen();
    open.push(again);
    const bob = await device('bob-again', 'x509');
    const conversation = await again.client.createConversation();

    await conversation.invite([userUri('bob-again')]);

    await bob.joined();
    await conversation.send(data('hello'));
    expect(await bob.untilText('hello')).toEqual(['hello']);
    expect(conversation.members().map(({ device: uri }) => uri)).toEqual([alice.uri, bob.uri]);
  });
});
