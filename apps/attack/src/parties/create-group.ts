/**
 * Opens a group whose first access key everybody knows who knows its id.
 *
 * @module
 */
import { callUnary } from '@canopy/contract';
import { bearer, SUITE, type Device } from './device.ts';
import { firstKey } from './group-keys.ts';
import { replicaOf, type Stubs } from './stubs.ts';

/** Creates a group at epoch 0. @throws Error when it is not created */
export async function createGroup(stubs: Stubs, { tokens }: Device, groupId: Uint8Array): Promise<void> {
  const request = {
    groupId,
    cipherSuite: SUITE.id,
    accessKey: firstKey(groupId).publicKey,
    groupInfo: new Uint8Array(),
    ratchetTree: new Uint8Array(),
  };
  const options = { metadata: bearer(tokens.delivery) };
  const { result } = await callUnary(replicaOf(stubs.delivery), 'createGroup', request, options);
  if (result?.$case !== 'created') throw new Error('the group could not be created');
}
