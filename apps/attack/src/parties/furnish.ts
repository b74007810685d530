/**
 * Puts something of everything into the stores, so that there is something to lose.
 *
 * @module
 */
import { callUnary } from '@canopy/contract';
import { GroupView } from '../history/group-view.ts';
import { prepareCommit, prepareMessage, type Prepared } from '../history/prepared.ts';
import { createGroup } from './create-group.ts';
import { bearer, makeKeyPackage, type Device } from './device.ts';
import { replicaOf, type Stubs } from './stubs.ts';

/** Opens a group of two epochs with messages and a Welcome, and a stock of KeyPackages; gives the group as its members see it. */
export async function furnish(stubs: Stubs, owner: Device, groupId: Uint8Array): Promise<GroupView> {
  await createGroup(stubs, owner, groupId);
  const view = new GroupView(groupId);
  await append(stubs, owner, prepareMessage(view, 'application'));
  await append(stubs, owner, prepareCommit(view, [owner.device]));
  await readOn(stubs, owner, view);
  await append(stubs, owner, prepareMessage(view, 'application'));
  await readOn(stubs, owner, view);
  const keyPackages = [false, false, true].map((lastResort) => ({
    keyPackage: makeKeyPackage(owner),
    lastResort,
  }));
  const metadata = bearer(owner.tokens.directory);
  await callUnary(replicaOf(stubs.directory), 'publishKeyPackages', { keyPackages }, { metadata });
  return view;
}

async function append(stubs: Stubs, { tokens }: Device, { method, request }: Prepared): Promise<void> {
  const stub = replicaOf(stubs.delivery);
  const options = { metadata: bearer(tokens.delivery) };
  const { result } =
    method === 'submitCommit'
      ? await callUnary(stub, 'submitCommit', request, options)
      : await callUnary(stub, 'sendMessage', request, options);
  if (result?.$case !== 'accepted') throw new Error(`an append was ${result?.$case ?? 'not answered'}`);
}

async function readOn(stubs: Stubs, { tokens }: Device, view: GroupView): Promise<void> {
  const query = view.query();
  const request = { query, proof: view.prove('ReadGroup', query) };
  const { entries } = await callUnary(replicaOf(stubs.delivery), 'readGroup', request, {
    metadata: bearer(tokens.delivery),
  });
  for (const entry of entries) view.see(entry);
}
