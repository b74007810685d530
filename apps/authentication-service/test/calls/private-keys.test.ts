import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { authentication, callUnary } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { expect, it } from '@jest/globals';
import {
  enrol,
  newFolder,
  renewalRequest,
  rotationRequest,
  startBench,
  tokenRequest,
  type TestDevice,
} from '../bench.ts';

const {
  CompleteEnrolmentRequest,
  CreateAccessTokensRequest,
  RenewCredentialRequest,
  RotateCredentialRequest,
} = authentication;

/** Says in which forms a secret is in some bytes. */
function formsIn(bytes: Uint8Array, secret: Uint8Array): readonly string[] {
  const [where, what] = [Buffer.from(bytes), Buffer.from(secret)];
  const texts = (['hex', 'base64', 'base64url'] as const).filter((form) =>
    where.includes(what.toString(form)),
  );
  return where.includes(what) ? ['raw', ...texts] : texts;
}

it.each([1, 2, 4, 5])(
  'a private key of suite %i is in no request of its life, not in the store and not in the log',
  async (cipherSuite) => {
    const folder = newFolder();
    const bench = await startBench({ folder });
    const device = await enrol(bench, { cipherSuite });
    const suite = getCipherSuite(cipherSuite);
    const next = { suite, keys: suite.signature.generateKeyPair() };
    const tokens = await tokenRequest(bench, device);
    await callUnary(bench.client, 'createAccessTokens', tokens);
    const renewal = await renewalRequest(bench, device);
    await callUnary(bench.client, 'renewCredential', renewal);
    const rotation = await rotationRequest(bench, device, next);
    await callUnary(bench.client, 'rotateCredential', rotation);
    const sent = [
      CompleteEnrolmentRequest.encode(device.request).finish(),
      CreateAccessTokensRequest.encode(tokens).finish(),
      RenewCredentialRequest.encode(renewal).finish(),
      RotateCredentialRequest.encode(rotation).finish(),
    ];
    const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
    const everything = Buffer.concat([...sent, ...stored, Buffer.from(bench.logLines.join(''))]);
    for (const { keys } of [device, next] satisfies Pick<TestDevice, 'keys'>[]) {
      // What is looked for would be found: the public key is there.
      expect(formsIn(everything, keys.publicKey)).toContain('raw');
      expect(formsIn(everything, keys.privateKey)).toEqual([]);
    }
    await bench.close();
    rmSync(folder, { recursive: true });
  },
);
