/**
 * What can be said on the command line.
 *
 * @module
 */

import { parseArgs } from 'node:util';

/** The server's options. */
export interface InteropOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Whether the actors send GREASE. */
  readonly grease: boolean;
}

/** What is printed for `--help`. */
export const USAGE = `npm run interop -- [--port N] [--host H] [--grease]

Serves mls_client.MLSClient without TLS, for the test runner of mlswg/mls-implementations.

  --port N   the port, 0 for any that is free (50051)
  --host H   the address to listen on (127.0.0.1)
  --grease   mix unknown values into what is sent (RFC 9420 section 13.5)
  --help     this text`;

/** Reads the command line; undefined when help is asked for. @throws TypeError in plain words */
export function readArguments(parameters: readonly string[]): InteropOptions | undefined {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      port: { type: 'string', default: '50051' },
      host: { type: 'string', default: '127.0.0.1' },
      grease: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`--port expects a whole number from 0 to 65535, found ${values.port}`);
  }
  return { host: values.host, port, grease: values.grease };
}
