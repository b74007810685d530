/**
 * The keys that sign receipts on Redis.
 *
 * @module
 */
import type { ReceiptKey, ReceiptKeys } from '../receipt-keys.ts';
import type { RedisConnection } from './connection.ts';
import { RECEIPT_KEYS } from './group-keys.ts';
import { joinParts, splitParts } from './parts.ts';
import { toBigInt, toBytes, toList, toRows, toText, unexpected } from './reply.ts';
import { loadScript } from './script.ts';

const ADD = loadScript('receipt-keys');
const LIST = loadScript('list-receipt-keys');

/** Keys that sign receipts on one Redis or on a cluster. */
export class RedisReceiptKeys implements ReceiptKeys {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  ensure(offered: ReceiptKey): Promise<ReceiptKey> {
    return this.#add(offered, true);
  }

  async add(key: ReceiptKey): Promise<void> {
    await this.#add(key, false);
  }

  async all(): Promise<readonly ReceiptKey[]> {
    const reply = await this.#connection.run(LIST, { keys: RECEIPT_KEYS, arguments: [] });
    return toRows(reply, 2).map(toReceiptKey);
  }

  async #add({ kid, privateJwk, createdAtMs }: ReceiptKey, onlyIfNone: boolean): Promise<ReceiptKey> {
    const record = joinParts([String(createdAtMs), privateJwk]);
    const reply = await this.#connection.run(ADD, {
      keys: RECEIPT_KEYS,
      arguments: [kid, record, onlyIfNone ? '1' : '0'],
    });
    return toReceiptKey(toList(reply));
  }
}

function toReceiptKey([kid, record]: readonly unknown[]): ReceiptKey {
  const [createdAt, privateJwk] = splitParts(toBytes(record));
  if (privateJwk === undefined) throw unexpected();
  return {
    kid: toText(kid),
    privateJwk: privateJwk.toString('utf8'),
    createdAtMs: Number(toBigInt(createdAt)),
  };
}
