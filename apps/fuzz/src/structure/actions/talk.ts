/**
 * Members talk (RFC 9420 §15).
 *
 * @module
 */

import { attempt, check, checkEqual, describeError, find } from '../../finding.ts';
import type { Device } from '../device.ts';
import type { World } from '../world.ts';

/** Lets a member send an application message, or fail to as expected. */
export async function talk(world: World): Promise<void> {
  const device = world.choices.maybeOneOf(world.devices);
  if (device === undefined) return;
  const { choices } = world;
  const text = `${device.name} ${world.step} ${'x'.repeat(choices.oneOf([0, 0, 10, 200, 3000]))}`;
  const authenticatedData = choices.bytes(choices.oneOf([0, 0, 5]));
  const applicationData = new TextEncoder().encode(text);
  const expected = refusalOfTalk(device);
  const result = await attempt(`${device.name} talks`, () =>
    device.group.protect({ applicationData, authenticatedData }),
  );
  if (result.kind === 'refused') {
    world.counts.add(`refusal ${result.refusal.code}`);
    if (result.refusal.code !== expected) find(`${device.name} talks: ${describeError(result.refusal)}`);
    return;
  }
  check(expected === undefined, `${device.name} talks: ${expected} expected`);
  const { epoch, sent } = device.model;
  const leaf = device.group.state.ownLeafIndex;
  const generation = sent.application++;
  device.save();
  const { name: from } = device;
  const envelope = world.seal(result.value, {
    kind: 'application',
    epoch,
    from,
    leaf,
    generation,
    text,
    known: new Set(),
  });
  checkEqual(result.value.wireFormat, 2, 'application data travels in a PrivateMessage');
  world.note(`${from} says #${envelope.id} in epoch ${epoch}`);
  world.broadcast(envelope);
}

function refusalOfTalk({ model, setting }: Device): string | undefined {
  if (model.status !== 'active') return 'GROUP_ENDED';
  const { commitBeforeApplicationData } = setting.options.policy;
  return commitBeforeApplicationData && model.proposals.size > 0 ? 'PROPOSALS_PENDING' : undefined;
}
