/**
 * Every call of the three services, and what its request is made of, from the proto files themselves.
 *
 * @module
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import {
  loadSync,
  type AnyDefinition,
  type MessageTypeDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader';

const PROTO_FOLDER = join(import.meta.dirname, '../../../../proto');

/** One field of a message, in the words of descriptor.proto. */
export interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly repeated: boolean;
  /** The message of a field that is one. */
  readonly message: (() => Shape) | undefined;
}

/** A message by its full name. */
export interface Shape {
  readonly name: string;
  readonly fields: readonly Field[];
}

/** One call of a service. */
export interface Rpc {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly isStream: boolean;
  readonly request: Shape;
}

/** All calls and all messages of Canopy's contracts. */
export interface Contracts {
  readonly rpcs: readonly Rpc[];
  /** Finds a message by its full name. @throws Error when there is none */
  shape(name: string): Shape;
}

/** Reads the proto files. */
export function loadContracts(): Contracts {
  const files = globSync('canopy/**/*.proto', { cwd: PROTO_FOLDER }).toSorted();
  const definitions = loadSync(files, { includeDirs: [PROTO_FOLDER], keepCase: true });
  const shape = (name: string): Shape => shapeOf(definitions, name);
  return {
    rpcs: Object.entries(definitions).flatMap(([name, one]) => rpcsOf(definitions, name, one)),
    shape,
  };
}

function rpcsOf(definitions: PackageDefinition, service: string, definition: AnyDefinition): readonly Rpc[] {
  if (isMessageOrEnum(definition)) return [];
  return Object.entries(definition).map(([method, { path, requestStream, requestType }]) => ({
    service,
    method,
    path,
    isStream: requestStream,
    request: shapeOf(definitions, `${packageOf(service)}.${String(property(requestType.type, 'name'))}`),
  }));
}

function isMessageOrEnum(definition: AnyDefinition): definition is MessageTypeDefinition<object, object> {
  return 'format' in definition;
}

function packageOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function shapeOf(definitions: PackageDefinition, name: string): Shape {
  const definition = definitions[name];
  if (definition === undefined || !isMessageOrEnum(definition)) throw new Error(`no message ${name}`);
  const fields = property(definition.type, 'field');
  if (!Array.isArray(fields)) throw new Error(`${name} has no fields`);
  return { name, fields: fields.map((field) => fieldOf(definitions, packageOf(name), field)) };
}

function fieldOf(definitions: PackageDefinition, inPackage: string, field: unknown): Field {
  const type = String(property(field, 'type'));
  const typeName = `${inPackage}.${String(property(field, 'typeName'))}`;
  return {
    name: String(property(field, 'name')),
    number: Number(property(field, 'number')),
    type,
    repeated: property(field, 'label') === 'LABEL_REPEATED',
    message: type === 'TYPE_MESSAGE' ? () => shapeOf(definitions, typeName) : undefined,
  };
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
