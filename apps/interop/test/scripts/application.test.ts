import { randomBytes } from 'node:crypto';

import { playScripts } from '../matrix.ts';
import type { Actor, Stage } from '../stage.ts';

type Said = readonly [ciphertext: Uint8Array, content: readonly [Uint8Array, Uint8Array]];

async function say(stage: Stage, speaker: Actor): Promise<Said> {
  const [plaintext, beside] = [randomBytes(32), randomBytes(8)];
  return [await stage.protect(speaker, plaintext, beside), [plaintext, beside]];
}

async function hear(stage: Stage, listener: Actor, [ciphertext, content]: Said): Promise<void> {
  await stage.unprotect(listener, ciphertext, content);
}

async function sayThree(stage: Stage, speaker: Actor): Promise<readonly [Said, Said, Said]> {
  return [await say(stage, speaker), await say(stage, speaker), await say(stage, speaker)];
}

playScripts('application', {
  async in_order(stage) {
    const [alice, bob] = stage.five;
    await stage.group(alice, bob);
    for (const [speaker, listener] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      for (const said of await sayThree(stage, speaker)) await hear(stage, listener, said);
    }
    await stage.end([alice, bob]);
  },

  async out_of_order_within_epoch(stage) {
    const [alice, bob] = stage.five;
    await stage.group(alice, bob);
    const [first, second, third] = await sayThree(stage, alice);
    for (const said of [third, first, second]) await hear(stage, bob, said);
    await stage.end([alice, bob]);
  },

  async out_of_order_across_epochs(stage) {
    const [alice, bob] = stage.five;
    await stage.group(alice, bob);
    const [first, second, third] = await sayThree(stage, alice);
    await hear(stage, bob, second);
    await stage.commit(bob, { members: [alice] });
    const later = await say(stage, alice);
    for (const said of [later, third, first]) await hear(stage, bob, said);
    await stage.end([alice, bob]);
  },
});
