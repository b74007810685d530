/**
 * Server reflection (grpc.reflection.v1) from the proto files of the repository.
 *
 * @module
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

/** The folder of the proto files: the root of the repository, which a container image keeps as it is. */
const PROTO_FOLDER = join(import.meta.dirname, '../../../proto');

/** Lets clients ask a server for the API of the named services. */
export function addReflection(server: Server, services: readonly string[]): void {
  const files = globSync('canopy/**/*.proto', { cwd: PROTO_FOLDER }).toSorted();
  const definition = loadSync(files, { includeDirs: [PROTO_FOLDER], keepCase: true });
  new ReflectionService(definition, { services: [...services] }).addToServer(server);
}
