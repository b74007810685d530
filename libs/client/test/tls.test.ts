import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Device } from './device.ts';
import { Services, userUri } from './services.ts';

/** Made for these tests, self-signed, for 127.0.0.1; its key is public. */
const certificate = join(import.meta.dirname, 'tls', 'certificate.pem');

let services: Services;

beforeAll(async () => {
  services = await Services.start({
    CANOPY_TLS_CERTIFICATE: certificate,
    CANOPY_TLS_KEY: join(import.meta.dirname, 'tls', 'key.pem'),
    CANOPY_AUTHENTICATION_CA: certificate,
  });
});
afterAll(() => services.stop());

describe('services that speak TLS', () => {
  it('serve clients that trust their certificate, from enrolment to a message [R16.1-01]', async () => {
    const { tls } = services;
    if (tls === undefined) throw new Error('the services speak in the clear');
    const alice = await Device.enrol(services, 'alice', { tls });
    const bob = await Device.enrol(services, 'bob', { tls });
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob')]);
    await bob.joined(conversation.id);
    await conversation.send(new TextEncoder().encode('over TLS'));
    expect(await bob.untilText('over TLS')).toEqual(['over TLS']);
    await Promise.all([alice.client.close(), bob.client.close()]);
  });
});
