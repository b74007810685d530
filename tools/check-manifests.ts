/**
 * Renders the Kubernetes manifests and checks them: `node tools/check-manifests.ts [folder…]`.
 *
 * @module
 */

import { nameOf, checkPolicy } from './manifest-policy.ts';
import { renderByItself, renderByKubectl } from './manifest-render.ts';
import type { Mapping } from './manifest-render.ts';
import { checkSchema } from './manifest-schema.ts';

/** Checks a rendered set of objects against the API and against our own policy. */
export async function checkManifests(objects: readonly Mapping[]): Promise<readonly string[]> {
  const schema = await Promise.all(
    objects.map(async (object) => (await checkSchema(object)).map((fault) => `${nameOf(object)}: ${fault}`)),
  );
  return [...schema.flat(), ...checkPolicy(objects)];
}

/** What is checked when nothing is named. */
const FOLDERS = [
  'k8s/base',
  'k8s/sqlite',
  'k8s/overlays/local',
  'k8s/overlays/single-node',
  'k8s/overlays/production',
];

async function checkFolder(folder: string): Promise<number> {
  const byKubectl = renderByKubectl(folder);
  const objects = byKubectl ?? renderByItself(folder);
  const faults = await checkManifests(objects);
  for (const fault of faults) console.log(`${folder}: ${fault}`);
  const renderer = byKubectl === undefined ? 'this tool' : 'kubectl';
  console.log(`${folder}: ${objects.length} objects, rendered by ${renderer}, ${faults.length} faults`);
  return faults.length;
}

if (import.meta.main) {
  const folders = process.argv.slice(2);
  const all = folders.length > 0 ? folders : FOLDERS;
  for (const folder of all) if ((await checkFolder(folder)) > 0) process.exitCode = 1;
}
