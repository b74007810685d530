/**
 * What we ask of our own manifests beyond the Kubernetes API: names that meet, probes that reach a port, containers with few rights.
 *
 * @module
 */

import { isMapping, mappingOf, mappingsOf, textOf } from './manifest-render.ts';
import type { Mapping } from './manifest-render.ts';

type Pod = { readonly name: string; readonly labels: Mapping; readonly spec: Mapping };

/** Checks a whole rendered set; a fault begins with the kind and the name of its object. */
export function checkPolicy(objects: readonly Mapping[]): readonly string[] {
  return [
    ...checkNames(objects),
    ...objects.flatMap((object) =>
      [...checkWorkload(object, objects), ...checkService(object, objects), ...checkSecret(object)].map(
        (fault) => `${nameOf(object)}: ${fault}`,
      ),
    ),
  ];
}

/** Names an object as `Kind/name`. */
export function nameOf(object: Mapping): string {
  return `${String(object['kind'])}/${String(mappingOf(object['metadata'])['name'])}`;
}

function checkNames(objects: readonly Mapping[]): readonly string[] {
  const names = objects.map(nameOf);
  return names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `${name}: is there twice`);
}

function podOf(object: Mapping): Pod | undefined {
  const template = mappingOf(object['spec'])['template'];
  if (!isMapping(template)) return undefined;
  return {
    name: nameOf(object),
    labels: mappingOf(mappingOf(template['metadata'])['labels']),
    spec: mappingOf(template['spec']),
  };
}

function selects(selector: Mapping, labels: Mapping): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

function checkWorkload(object: Mapping, objects: readonly Mapping[]): readonly string[] {
  const pod = podOf(object);
  if (pod === undefined) return [];
  const spec = mappingOf(object['spec']);
  const selector = mappingOf(mappingOf(spec['selector'])['matchLabels']);
  return [
    ...(selects(selector, pod.labels) ? [] : ['selector does not match the labels of its pods']),
    ...checkVolumes(pod, spec, objects),
    ...mappingsOf(pod.spec['containers']).flatMap((container) => [
      ...checkImage(container),
      ...checkProbes(container),
      ...checkRights(container, pod),
      ...checkResources(container),
      ...checkEnvironment(container, objects),
      ...checkMounts(container, pod),
    ]),
  ];
}

function checkImage(container: Mapping): readonly string[] {
  const tag = /^[\w./-]+(?::(?<tag>[\w.-]+))?$/.exec(textOf(container['image']) ?? '')?.groups?.['tag'];
  return tag === undefined || tag === 'latest' ? ['image has no fixed tag'] : [];
}

function portsOf(container: Mapping): readonly unknown[] {
  return mappingsOf(container['ports']).flatMap(({ containerPort, name }) => [containerPort, name]);
}

function checkProbes(container: Mapping): readonly string[] {
  return ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((kind) => {
    const grpc = mappingOf(container[kind])['grpc'];
    if (!isMapping(grpc)) return [`${kind} is not a gRPC probe`];
    return portsOf(container).includes(grpc['port'])
      ? []
      : [`${kind} asks port ${String(grpc['port'])}, which is no port of the container`];
  });
}

function checkRights(container: Mapping, pod: Pod): readonly string[] {
  const podRights = mappingOf(pod.spec['securityContext']);
  const rights = { ...podRights, ...mappingOf(container['securityContext']) };
  const dropped = mappingOf(rights['capabilities'])['drop'];
  const demands: readonly [boolean, string][] = [
    [rights['runAsNonRoot'] === true, 'may run as root'],
    [rights['readOnlyRootFilesystem'] === true, 'may write to its root file system'],
    [rights['allowPrivilegeEscalation'] === false, 'may gain privileges'],
    [Array.isArray(dropped) && dropped.includes('ALL'), 'keeps capabilities'],
    [mappingOf(rights['seccompProfile'])['type'] === 'RuntimeDefault', 'has no seccomp profile'],
    [pod.spec['automountServiceAccountToken'] === false, 'gets a token of the cluster'],
  ];
  return demands.filter(([met]) => !met).map(([, fault]) => fault);
}

function checkResources(container: Mapping): readonly string[] {
  const { requests, limits } = mappingOf(container['resources']);
  const demands: readonly [unknown, string][] = [
    [mappingOf(requests)['cpu'], 'requests no cpu'],
    [mappingOf(requests)['memory'], 'requests no memory'],
    [mappingOf(limits)['memory'], 'has no memory limit'],
  ];
  return demands.filter(([value]) => value === undefined).map(([, fault]) => fault);
}

function has(objects: readonly Mapping[], kind: string, name: unknown): boolean {
  return objects.some((object) => nameOf(object) === `${kind}/${String(name)}`);
}

function checkEnvironment(container: Mapping, objects: readonly Mapping[]): readonly string[] {
  const named = [
    ...mappingsOf(container['envFrom']).map((one) => mappingOf(one['configMapRef'])['name']),
    ...mappingsOf(container['env']).map(
      (one) => mappingOf(mappingOf(one['valueFrom'])['configMapKeyRef'])['name'],
    ),
  ];
  return named
    .filter((name) => name !== undefined && !has(objects, 'ConfigMap', name))
    .map((name) => `reads the ConfigMap ${String(name)}, which is not there`);
}

function checkMounts(container: Mapping, pod: Pod): readonly string[] {
  const volumes = mappingsOf(pod.spec['volumes']).map(({ name }) => name);
  return mappingsOf(container['volumeMounts'])
    .filter(({ name }) => !volumes.includes(name))
    .map(({ name }) => `mounts the volume ${String(name)}, which is not there`);
}

/** A volume that one pod at a time may write to needs one replica, and the old pod gone before the new one starts. */
function checkVolumes(pod: Pod, spec: Mapping, objects: readonly Mapping[]): readonly string[] {
  const claims = mappingsOf(pod.spec['volumes']).flatMap((volume) => {
    const name = mappingOf(volume['persistentVolumeClaim'])['claimName'];
    return name === undefined ? [] : [textOf(name)];
  });
  const missing = claims
    .filter((name) => !has(objects, 'PersistentVolumeClaim', name))
    .map((name) => `claims the volume ${name}, which is not there`);
  const alone = spec['replicas'] === 1 && mappingOf(spec['strategy'])['type'] === 'Recreate';
  return claims.length === 0 || alone ? missing : [...missing, 'shares its volume between two pods'];
}

function checkService(object: Mapping, objects: readonly Mapping[]): readonly string[] {
  if (object['kind'] !== 'Service') return [];
  const spec = mappingOf(object['spec']);
  const selector = mappingOf(spec['selector']);
  const pods = objects.flatMap((one) => podOf(one) ?? []).filter((pod) => selects(selector, pod.labels));
  if (pods.length !== 1) return [`selects ${pods.length} workloads`];
  const ports = pods.flatMap((pod) => mappingsOf(pod.spec['containers']).flatMap(portsOf));
  return mappingsOf(spec['ports'])
    .map(({ port, targetPort }) => targetPort ?? port)
    .filter((target) => !ports.includes(target))
    .map((target) => `leads to the port ${String(target)}, which no container has`);
}

function checkSecret(object: Mapping): readonly string[] {
  return object['kind'] === 'Secret' ? ['a secret does not belong into the repository'] : [];
}
