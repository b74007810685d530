/**
 * Asks the gRPC health service of this container's server: exit code 0 when it is serving, 1 otherwise.
 *
 * @module
 */

import { Client, credentials } from '@grpc/grpc-js';

// grpc.health.v1: a request without a service name is the empty message, and SERVING is field 1 with the value 1.
const WHOLE_SERVER = Buffer.alloc(0);
const SERVING = Buffer.from([0x08, 0x01]);

const port = process.env['CANOPY_PORT'] ?? '';
const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
const asIs = (bytes: Buffer): Buffer => bytes;

client.makeUnaryRequest(
  '/grpc.health.v1.Health/Check',
  asIs,
  asIs,
  WHOLE_SERVER,
  { deadline: Date.now() + 2000 },
  (error, answer) => {
    if (error !== null) console.error(error.message);
    process.exitCode = answer !== undefined && SERVING.equals(answer) ? 0 : 1;
    client.close();
  },
);
