import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { getCipherSuite } from '@canopy/crypto';
import {
  DeviceIdentities,
  issueAuthorityCertificate,
  issueDeviceCertificate,
  makeSerialNumber,
  parseJwks,
  readIssuer,
  selfIssuer,
  x509Credential,
} from '@canopy/identity';
import { manualClock } from '@canopy/service';
import { expect, it } from '@jest/globals';
import { createAuthority, deviceOf, DOMAIN } from './authority.ts';

const NOW = 1_800_000_000_000;
const times = { notBefore: BigInt(NOW / 1000) - 60n, notAfter: BigInt(NOW / 1000) + 86_400n };

/** Makes a root, and the leaf of a device whose certificate it signed. */
function makeMember() {
  const { privateKey } = generateKeyPairSync('ed25519');
  const self = selfIssuer('Root', privateKey, times.notAfter);
  const root = { commonName: 'Root', pathLength: 0, publicKey: createPublicKey(privateKey), ...times };
  const { der } = issueAuthorityCertificate(self, root);
  const { publicKey: signatureKey } = getCipherSuite(1).signature.generateKeyPair();
  const device = { device: deviceOf('alice'), cipherSuite: 1, signatureKey, ...times };
  const issued = issueDeviceCertificate(readIssuer(der, privateKey), {
    ...device,
    serialNumber: makeSerialNumber(),
  });
  return { root: der, leaf: { credential: x509Credential([issued.der]), signatureKey, extensions: [] } };
}

it('believes the certificates of joiners by the anchors of the moment', async () => {
  const keys = await parseJwks((await createAuthority()).jwksJson);
  const identities = new DeviceIdentities({ domain: DOMAIN, keys, clock: manualClock(NOW) });
  const [before, after] = [makeMember(), makeMember()];
  const verdicts = async (): Promise<readonly boolean[]> => [
    (await identities.provider.validateCredential(before.leaf)).valid,
    (await identities.provider.validateCredential(after.leaf)).valid,
  ];
  expect(await verdicts()).toEqual([false, false]);
  identities.trust({ anchors: [before.root], intermediates: [] });
  expect(await verdicts()).toEqual([true, false]);
  identities.trust({ anchors: [after.root], intermediates: [] });
  expect(await verdicts()).toEqual([false, true]);
  expect(() => identities.trust({ anchors: [new Uint8Array(9)], intermediates: [] })).toThrow();
  expect(await verdicts()).toEqual([false, true]);
  identities.trust({ anchors: [], intermediates: [] });
  expect(await verdicts()).toEqual([false, false]);
});
