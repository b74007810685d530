import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { writeTogether } from '../src/index.ts';

/** A stream that takes one thing at a time and says so in a later turn, as those of grpc-js do. */
class Slow extends Writable {
  readonly turns: string[][] = [];
  #open = false;
  readonly #failsAt: string | undefined;

  constructor(failsAt?: string) {
    super({ objectMode: true });
    this.#failsAt = failsAt;
  }

  override _write(chunk: string, _: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#open) this.turns.at(-1)?.push(chunk);
    else this.turns.push([chunk]);
    this.#open = true;
    setImmediate(() => {
      this.#open = false;
      if (chunk === this.#failsAt) done(new Error(`no ${chunk}`));
      else done();
    });
  }
}

describe('a stream whose writes are made together', () => {
  it('hands over in one turn what came while it was busy, in its order, and loses nothing', async () => {
    const stream = new Slow();
    writeTogether(stream);
    const words = ['a', 'b', 'c', 'd', 'e'];
    for (const word of words) stream.write(word);
    await new Promise<void>((resolve) => {
      stream.end(resolve);
    });
    expect(stream.turns).toEqual([['a'], ['b', 'c', 'd', 'e']]);
  });

  it('pauses its writer after as much as before', () => {
    const stream = new Slow();
    writeTogether(stream);
    const taken = Array.from({ length: 20 }, (_, index) => stream.write(String(index)));
    expect(taken.indexOf(false)).toBe(stream.writableHighWaterMark - 1);
    stream.destroy();
  });

  it('fails when one of them fails', async () => {
    const stream = new Slow('c');
    writeTogether(stream);
    const failed = new Promise<unknown>((resolve) => {
      stream.on('error', resolve);
    });
    for (const word of ['a', 'b', 'c', 'd']) stream.write(word);
    expect(await failed).toEqual(new Error('no c'));
  });
});
