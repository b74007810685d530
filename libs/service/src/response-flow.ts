/**
 * How much of what a stream says may be on its way at a time.
 *
 * @module
 */
import type { Writable } from 'node:stream';

/** So much waits for a slow reader, and one response more: the writer then pauses until half of it is gone. */
const MAX_BYTES = 64 * 1024;
const MAX_RESPONSES = 256;

/** How large responses were when they were encoded, which is when they are handed to the connection. */
const sizes = new WeakMap<object, number>();

/** Makes a serializer remember how large what it has encoded is. */
export function remembersSizes(serialize: (response: unknown) => Buffer): (response: unknown) => Buffer {
  return (response) => {
    const encoded = serialize(response);
    if (typeof response === 'object' && response !== null) {
      sizes.set(response, encoded.length);
    }
    return encoded;
  };
}

/**
 * The responses of a stream on their way to the reader. A stream of grpc-js pauses its writer after sixteen messages, be
 * they pages of a quarter of a megabyte or answers of twenty bytes, and hands over one in a turn of the event loop. Here
 * bytes count: slow readers cost less memory, and small answers go together.
 */
export class ResponseFlow {
  #bytes = 0;
  #responses = 0;
  readonly #signal: AbortSignal;
  #resume: (() => void) | undefined;

  /** Takes over what the stream hands to its connection; the signal tells that nobody reads any more. */
  constructor(stream: Pick<Writable, '_write'>, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#resume?.(), { once: true });
    /* oxlint-disable eslint/no-underscore-dangle -- so Node names what the implementer of a stream provides */
    const handOver = stream._write.bind(stream);
    stream._write = (response: object, encoding, done) => {
      // A failure here is the end of the connection, of which the call hears by itself.
      handOver(response, encoding, () => this.#gone(sizes.get(response) ?? 0));
      this.#bytes += sizes.get(response) ?? 0;
      this.#responses += 1;
      done();
    };
    /* oxlint-enable eslint/no-underscore-dangle */
  }

  /** Whether the writer has to wait before it says more. */
  get isFull(): boolean {
    return this.#bytes > MAX_BYTES || this.#responses > MAX_RESPONSES;
  }

  /** Waits until there is room again. @throws the reason of the signal */
  async room(): Promise<void> {
    this.#signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
    this.#signal.throwIfAborted();
  }

  #gone(size: number): void {
    this.#bytes -= size;
    this.#responses -= 1;
    if (this.#bytes <= MAX_BYTES / 2 && this.#responses <= MAX_RESPONSES / 2) {
      this.#resume?.();
    }
  }
}
