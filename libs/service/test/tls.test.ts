import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callUnary, connect, directory, type ConnectOptions } from '@canopy/contract';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startToy, type Toy } from './toy-directory.ts';

/** Made for these tests, self-signed, for 127.0.0.1; its key is public. */
const certificate = join(import.meta.dirname, 'tls', 'certificate.pem');
const environment = {
  CANOPY_TLS_CERTIFICATE: certificate,
  CANOPY_TLS_KEY: join(import.meta.dirname, 'tls', 'key.pem'),
};

let toy: Toy | undefined;

afterEach(async () => {
  await toy?.close();
  toy = undefined;
});

async function count(tls: Pick<ConnectOptions, 'tls'>): Promise<unknown> {
  toy ??= await startToy({ count: () => Promise.resolve({ counts: [] }) }, { environment });
  const client = connect(directory.KeyDirectoryServiceClient, { address: toy.address, ...tls });
  try {
    return await callUnary(client, 'countKeyPackages', {}, { deadlineMs: 5_000 });
  } finally {
    client.close();
  }
}

describe('a service with a certificate', () => {
  it('answers clients that trust it', async () => {
    expect(await count({ tls: { ca: readFileSync(certificate) } })).toEqual({ counts: [] });
  });

  it('is refused by clients that do not know its certificate, and refuses those that speak in the clear [R16.1-01]', async () => {
    await expect(count({ tls: 'system' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(count({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await count({ tls: { ca: readFileSync(certificate) } })).toEqual({ counts: [] });
  });
});
