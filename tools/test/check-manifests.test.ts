/**
 * The manifests of the repository are sound, and each kind of broken manifest is refused.
 *
 * @module
 */

import { join } from 'node:path';

import { beforeEach, describe, expect, it } from '@jest/globals';

import { checkManifests } from '../check-manifests.ts';
import { nameOf } from '../manifest-policy.ts';
import { isMapping, mappingOf, parseManifests, renderByItself, renderByKubectl } from '../manifest-render.ts';
import type { Mapping } from '../manifest-render.ts';

const k8s = join(import.meta.dirname, '../../k8s');
const folders = ['base', 'sqlite', 'overlays/local', 'overlays/single-node', 'overlays/production'].map(
  (folder) => join(k8s, folder),
);

let objects: readonly Mapping[];

beforeEach(() => {
  objects = renderByItself(join(k8s, 'sqlite'));
});

/** Follows a path of keys and indexes into the Deployment of the delivery service. */
function at(path: string, kind = 'Deployment'): Mapping {
  const start = objects.find((object) => nameOf(object) === `${kind}/delivery-service`);
  const found = path
    .split('/')
    .filter((step) => step !== '')
    .reduce<unknown>(
      (value, step) => (Array.isArray(value) ? value[Number(step)] : mappingOf(value)[step]),
      start,
    );
  if (!isMapping(found)) throw new Error(`nothing at ${path}`);
  return found;
}

const byName = (list: readonly Mapping[]): object =>
  Object.fromEntries(list.map((one) => [nameOf(one), one]));

const container = 'spec/template/spec/containers/0';

describe('the manifests', () => {
  it.each(folders)('are sound in %s', async (folder) => {
    expect(await checkManifests(renderByItself(folder))).toEqual([]);
  });

  it.each(folders)('are rendered by kubectl, where there is one, as by this tool: %s', (folder) => {
    const byKubectl = renderByKubectl(folder) ?? renderByItself(folder);
    expect(byName(renderByItself(folder))).toEqual(byName(byKubectl));
  });
});

describe('check-manifests', () => {
  it.each<[string, () => void, string]>([
    ['a field of the wrong type', () => (at('spec')['replicas'] = 'one'), '/spec/replicas must be integer'],
    [
      'a required field that is missing',
      () => delete at('spec')['selector'],
      '/spec must have required property selector',
    ],
    [
      'a field that does not exist',
      () => (at(container)['readinesProbe'] = {}),
      '/spec/template/spec/containers/0/readinesProbe is an unknown field',
    ],
    [
      'a version of the API that was removed',
      () => (at('')['apiVersion'] = 'apps/v1beta1'),
      'apps/v1beta1 Deployment is not in the API (removed or unknown)',
    ],
    [
      'a selector that misses its own pods',
      () => (at('spec/selector/matchLabels')['app.kubernetes.io/name'] = 'other'),
      'selector does not match the labels of its pods',
    ],
    [
      'an image without a tag',
      () => (at(container)['image'] = 'canopy/delivery-service'),
      'image has no fixed tag',
    ],
    [
      'the latest image',
      () => (at(container)['image'] = 'canopy/delivery-service:latest'),
      'image has no fixed tag',
    ],
    [
      'a probe of a port that is not there',
      () => (at(`${container}/livenessProbe/grpc`)['port'] = 9999),
      'livenessProbe asks port 9999, which is no port of the container',
    ],
    [
      'a probe that is missing',
      () => delete at(container)['startupProbe'],
      'startupProbe is not a gRPC probe',
    ],
    [
      'a pod that may be root',
      () => (at('spec/template/spec/securityContext')['runAsNonRoot'] = false),
      'may run as root',
    ],
    [
      'a root file system that can be written',
      () => delete at(`${container}/securityContext`)['readOnlyRootFilesystem'],
      'may write to its root file system',
    ],
    [
      'capabilities that are kept',
      () => delete at(`${container}/securityContext`)['capabilities'],
      'keeps capabilities',
    ],
    ['a missing memory limit', () => delete at(`${container}/resources`)['limits'], 'has no memory limit'],
    ['two pods on one volume', () => (at('spec')['replicas'] = 2), 'shares its volume between two pods'],
    [
      'a rollout that starts the new pod beside the old one',
      () => (at('spec/strategy')['type'] = 'RollingUpdate'),
      'shares its volume between two pods',
    ],
    [
      'a volume that nobody declares',
      () => (at(`${container}/volumeMounts/0`)['name'] = 'date'),
      'mounts the volume date, which is not there',
    ],
    [
      'a configuration that nobody declares',
      () => (at(`${container}/envFrom/0/configMapRef`)['name'] = 'other'),
      'reads the ConfigMap other, which is not there',
    ],
  ])('refuses %s', async (_kind, spoil, fault) => {
    spoil();
    expect(await checkManifests(objects)).toContain(`Deployment/delivery-service: ${fault}`);
  });

  it('refuses a service that leads to no port', async () => {
    at('spec/ports/0', 'Service')['targetPort'] = 'http';
    expect(await checkManifests(objects)).toEqual([
      'Service/delivery-service: leads to the port http, which no container has',
    ]);
  });

  it('refuses a service that selects nothing', async () => {
    at('spec/selector', 'Service')['app.kubernetes.io/name'] = 'nobody';
    expect(await checkManifests(objects)).toEqual(['Service/delivery-service: selects 0 workloads']);
  });

  it('refuses a secret in the repository, and two objects of one name', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'admin' } };
    expect(await checkManifests([...objects, secret, secret])).toEqual([
      'Secret/admin: is there twice',
      'Secret/admin: a secret does not belong into the repository',
      'Secret/admin: a secret does not belong into the repository',
    ]);
  });

  it('refuses YAML with a key twice', () => {
    expect(() => parseManifests('a: 1\na: 2\n')).toThrow('Map keys must be unique');
  });
});
