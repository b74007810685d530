import { describe, expect, it } from '@jest/globals';
import { groupKeys, mailboxKeys, outboxKeys, RECEIPT_KEYS } from '../../src/redis/group-keys.ts';
import { hashTag, slotOf } from '../../src/redis/slots.ts';
import { named } from '../bench.ts';

describe('the slots of a cluster', () => {
  it('are those of the specification of Redis Cluster', () => {
    // The check value of CRC-16/XMODEM, and answers of CLUSTER KEYSLOT.
    expect(slotOf('123456789')).toBe(0x31c3);
    expect(slotOf('foo')).toBe(12_182);
    expect(slotOf('{user1000}.following')).toBe(slotOf('user1000'));
    expect(slotOf('')).toBe(0);
  });

  it('are decided by what is in the first braces, if there is something', () => {
    expect(hashTag('foo{bar}{zap}')).toBe('bar');
    expect(hashTag('foo{{bar}}zap')).toBe('{bar');
    expect(hashTag('foo{}{bar}')).toBe('foo{}{bar}');
    expect(hashTag('foo{bar')).toBe('foo{bar');
  });

  it.each([
    ['a group', groupKeys(named('any group'))],
    ['an outbox', [...outboxKeys(named('any group')), ...groupKeys(named('any group'))]],
    ['a mailbox', mailboxKeys('mimi://example.com/d/{alice}/1')],
    ['the keys that sign receipts', RECEIPT_KEYS],
  ])('hold all keys of %s in one', (_what, keys) => {
    expect(new Set(keys.map(slotOf)).size).toBe(1);
  });
});
