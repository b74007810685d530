import { describe, expect, it } from '@jest/globals';

import { decode } from '@canopy/codec';
import { RatchetTreeNodes } from '@canopy/mls';
import { createCanopy } from '../../src/peers/canopy.ts';
import { Cast } from '../../src/stage/cast.ts';
import { Stage } from '../../src/stage/stage.ts';

const canopy = createCanopy('node');

describe('the tree of a Welcome', () => {
  it('travels beside it: a Welcome is as long in a big group, and is of no use alone', async () => {
    const cast = new Cast(1);
    const founder = await canopy.createClient(1, 'founder');
    const joiner = await canopy.createClient(1, 'joiner');
    const lengths: number[] = [];
    for (const others of [2, 20]) {
      const member = await founder.createGroup(new Uint8Array(32));
      await member.commit({ add: cast.keyPackages(0, others) });
      const { welcome } = await member.commit({ add: [await joiner.createKeyPackage()] });
      const tree = await member.ratchetTree();
      if (welcome === undefined || tree === undefined) throw new Error('a Welcome with a tree expected');
      expect(decode(RatchetTreeNodes, tree)).toHaveLength(2 * (others + 2) - 1);
      await expect(joiner.join(welcome, undefined)).rejects.toThrow();
      const joined = await joiner.join(welcome, tree);
      expect(await joined.epochAuthenticator()).toEqual(await member.epochAuthenticator());
      lengths.push(welcome.length);
    }
    expect(lengths[1]).toBe(lengths[0]);
  });

  it('is inside of it for a library that can have it nowhere else', async () => {
    const joiner = await canopy.createClient(1, 'joiner');
    const stage = new Stage(new Cast(1), 5);
    const { welcome, ratchetTree } = await stage.inviteUnmerged(await joiner.createKeyPackage(), 'inside');
    expect(ratchetTree).toBeUndefined();
    await expect(joiner.join(welcome, ratchetTree)).resolves.toBeDefined();
  });
});
