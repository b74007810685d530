/**
 * Renders a kustomization: by `kubectl kustomize` where there is one, otherwise by itself, as far as our own files need it.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

/** Anything that came out of YAML and is a mapping. */
export type Mapping = { [key: string]: unknown };

/** Narrows an unknown value to a mapping. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Gives a mapping, an empty one where the value is none. */
export function mappingOf(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

/** Gives the mappings of a list, an empty list where the value is none. */
export function mappingsOf(value: unknown): readonly Mapping[] {
  return Array.isArray(value) ? value.filter(isMapping) : [];
}

/** Gives a scalar as text, and nothing where the value is none. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** Parses YAML with any number of documents; a document that YAML itself refuses throws. */
export function parseManifests(text: string): readonly Mapping[] {
  return parseAllDocuments(text).flatMap((document) => {
    const fault = document.errors[0];
    if (fault !== undefined) throw fault;
    const value: unknown = document.toJS();
    return isMapping(value) ? [value] : [];
  });
}

/** Renders a kustomization folder with kubectl; `undefined` where no kubectl can be run. */
export function renderByKubectl(folder: string): readonly Mapping[] | undefined {
  const run = spawnSync('kubectl', ['kustomize', folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (run.error !== undefined) return undefined;
  if (run.status !== 0) throw new Error(`kubectl kustomize ${folder}: ${run.stderr.trim()}`);
  return parseManifests(run.stdout);
}

const KNOWN = new Set(['apiVersion', 'kind', 'namespace', 'resources', 'images', 'patches']);

/** Renders a kustomization folder with the few features that our own kustomizations use, and refuses any other. */
export function renderByItself(folder: string): readonly Mapping[] {
  const kustomization = mappingOf(
    parseManifests(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'))[0],
  );
  for (const key of Object.keys(kustomization)) {
    if (!KNOWN.has(key))
      throw new Error(`${folder}/kustomization.yaml: ${key} can be rendered by kubectl only`);
  }
  const objects = stringsOf(kustomization['resources']).flatMap((resource) => {
    const path = join(folder, resource);
    return statSync(path).isDirectory() ? renderByItself(path) : parseManifests(readFileSync(path, 'utf8'));
  });
  for (const object of objects) {
    for (const patch of mappingsOf(kustomization['patches'])) patchObject(object, patch);
    for (const image of mappingsOf(kustomization['images'])) setImage(object, image);
    if (typeof kustomization['namespace'] === 'string') setNamespace(object, kustomization['namespace']);
  }
  return objects;
}

function setNamespace(object: Mapping, namespace: string): void {
  const metadata = mappingOf(object['metadata']);
  metadata[object['kind'] === 'Namespace' ? 'name' : 'namespace'] = namespace;
}

function setImage(object: Mapping, image: Mapping): void {
  const spec = mappingOf(mappingOf(mappingOf(object['spec'])['template'])['spec']);
  for (const container of mappingsOf(spec['containers'])) {
    const [name = '', tag = ''] = (textOf(container['image']) ?? '').split(':');
    if (name !== image['name']) continue;
    container['image'] = `${textOf(image['newName']) ?? name}:${textOf(image['newTag']) ?? tag}`;
  }
}

/** Applies a JSON patch (RFC 6902; add, replace and remove) whose target names a kind and perhaps a name. */
function patchObject(object: Mapping, patch: Mapping): void {
  const target = mappingOf(patch['target']);
  const fits =
    target['kind'] === object['kind'] &&
    (target['name'] === undefined || target['name'] === mappingOf(object['metadata'])['name']);
  if (!fits) return;
  const operations: unknown = parseAllDocuments(String(patch['patch']))[0]?.toJS();
  for (const operation of mappingsOf(operations)) applyOperation(object, operation);
}

function applyOperation(object: Mapping, { op, path, value }: Mapping): void {
  const steps = String(path)
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = steps.pop() ?? '';
  const parent = steps.reduce<unknown>(
    (at, step) => (Array.isArray(at) ? (at[Number(step)] as unknown) : mappingOf(at)[step]),
    object,
  );
  if (Array.isArray(parent)) changeList(parent, { op, path, value }, last);
  else if (!isMapping(parent)) throw new Error(`patch: nothing at ${String(path)}`);
  else if (op === 'remove') delete parent[last];
  else parent[last] = value;
}

function changeList(list: unknown[], { op, value }: Mapping, last: string): void {
  const index = last === '-' ? list.length : Number(last);
  if (op === 'add') list.splice(index, 0, value);
  else if (op === 'remove') list.splice(index, 1);
  else list[index] = value;
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
