/**
 * Checks a Kubernetes object against the API without a server: JSON Schema for types and required fields,
 * the type maps of the client for fields and versions that do not exist.
 *
 * @module
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { isMapping, mappingOf, textOf } from './manifest-render.ts';
import type { Mapping } from './manifest-render.ts';

type Attribute = { readonly baseName: string; readonly type: string };
type Model = { readonly getAttributeTypeMap: () => readonly Attribute[] };
type Kind = new (data: Mapping) => { readonly validate: () => void };

const modules = join(import.meta.dirname, '../node_modules');
const schemas = join(modules, 'kubernetes-models');
const models: Readonly<Record<string, unknown>> = await import(
  pathToFileURL(join(modules, '@kubernetes/client-node/dist/gen/models/all.js')).href
);

/** The faults of one object, as paths with a reason. */
export async function checkSchema(object: Mapping): Promise<readonly string[]> {
  const apiVersion = String(object['apiVersion']);
  const kind = String(object['kind']);
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const type = `${capitalize(version ?? '')}${kind}`;
  if (!isModel(models[type])) return [`${apiVersion} ${kind} is not in the API (removed or unknown)`];
  const faults: string[] = [];
  findUnknownFields(object, type, '', faults);
  return [
    ...faults,
    ...(await validate(object, join(folderOf(group ?? ''), version ?? '', `${kind}.js`), kind)),
  ];
}

async function validate(object: Mapping, file: string, kind: string): Promise<readonly string[]> {
  const loaded: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
  const Checked = loaded[kind];
  if (!isKind(Checked)) return [`${kind} has no schema`];
  try {
    new Checked(object).validate();
    return [];
  } catch (error) {
    return reasonsOf(error);
  }
}

function reasonsOf(error: unknown): readonly string[] {
  const { errors, ajv } = isMapping(error) ? error : {};
  const list: unknown = mappingOf(ajv)['errors'] ?? errors;
  if (!Array.isArray(list)) return [error instanceof Error ? error.message : String(error)];
  return list
    .filter(isMapping)
    .map((one) => `${textOf(one['instancePath']) ?? ''} ${textOf(one['message']) ?? ''}`.trim());
}

/** Walks an object along the client's type maps and collects every field that they do not have. */
function findUnknownFields(value: unknown, type: string, path: string, faults: string[]): void {
  const item = /^Array<(.+)>$/.exec(type)?.[1];
  const entry = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (item !== undefined && Array.isArray(value)) {
    value.forEach((one, index) => findUnknownFields(one, item, `${path}/${index}`, faults));
  } else if (entry !== undefined && isMapping(value)) {
    for (const [key, one] of Object.entries(value)) findUnknownFields(one, entry, `${path}/${key}`, faults);
  } else if (isMapping(value)) findUnknownOf(value, models[type], path, faults);
}

function findUnknownOf(value: Mapping, model: unknown, path: string, faults: string[]): void {
  if (!isModel(model)) return;
  const known = new Map(model.getAttributeTypeMap().map(({ baseName, type }) => [baseName, type]));
  for (const [key, one] of Object.entries(value)) {
    const type = known.get(key);
    if (type === undefined) faults.push(`${path}/${key} is an unknown field`);
    else findUnknownFields(one, type, `${path}/${key}`, faults);
  }
}

function isKind(value: unknown): value is Kind {
  return typeof value === 'function';
}

function isModel(value: unknown): value is Model {
  return typeof value === 'function' && 'getAttributeTypeMap' in value;
}

/** `networking.k8s.io` and `apps` are folders of the schema package under these names; the core group is its root. */
function folderOf(group: string): string {
  const folders = readdirSync(schemas, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const found = folders.find(({ name }) => name === group)?.name ?? '';
  return join(schemas, found);
}

function capitalize(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
