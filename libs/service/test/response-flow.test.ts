import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { remembersSizes, ResponseFlow } from '../src/response-flow.ts';

interface Response {
  readonly size: number;
}

/** A connection that encodes what it is handed, and says that it is gone when the test says so. */
class Connection extends Writable {
  readonly handed: Response[] = [];
  readonly #gone: (() => void)[] = [];
  readonly #encode = remembersSizes((response) =>
    Buffer.alloc(Number(Reflect.get(Object(response), 'size'))),
  );

  constructor() {
    super({ objectMode: true });
  }

  override _write(response: Response, _: BufferEncoding, done: () => void): void {
    this.#encode(response);
    this.handed.push(response);
    this.#gone.push(done);
  }

  /** The reader takes some. */
  take(count: number): void {
    for (const gone of this.#gone.splice(0, count)) gone();
  }
}

function open(): { connection: Connection; flow: ResponseFlow; end: AbortController } {
  const connection = new Connection();
  const end = new AbortController();
  return { connection, end, flow: new ResponseFlow(connection, end.signal) };
}

/** Writes until the flow is full; gives how many that were. */
function fill({ connection, flow }: ReturnType<typeof open>, size: number): number {
  let written = 0;
  for (; !flow.isFull; written += 1) connection.write({ size });
  return written;
}

describe('the flow of responses', () => {
  it.each([
    [20, 257],
    [10_000, 7],
    [65_536, 2],
    [1_000_000, 1],
  ])('is full of responses of %i bytes after %i of them', (size, count) => {
    const parts = open();
    expect(fill(parts, size)).toBe(count);
    // All of them are with the connection: none waits to be handed over.
    expect(parts.connection.handed).toHaveLength(count);
  });

  it('has room again when half of it is gone, and no earlier', async () => {
    const parts = open();
    fill(parts, 10_000);
    let hasRoom = false;
    const room = parts.flow.room().then(() => {
      hasRoom = true;
    });
    parts.connection.take(3);
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    parts.connection.take(1);
    await room;
    expect(parts.flow.isFull).toBe(false);
    expect(fill(parts, 10_000)).toBe(4);
  });

  it('is waited for no longer when nobody reads any more', async () => {
    const parts = open();
    fill(parts, 10_000);
    const room = parts.flow.room();
    parts.end.abort(new Error('gone'));
    await expect(room).rejects.toThrow('gone');
    await expect(parts.flow.room()).rejects.toThrow('gone');
  });
});
