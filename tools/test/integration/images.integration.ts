/**
 * The images of the services, run with the settings and the few rights that `k8s/sqlite` gives them.
 * Needs a Docker engine and the images with the tag "test" (`docker/build.sh test`).
 *
 * @module
 */

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { getContainerRuntimeClient } from 'testcontainers';

import { mappingOf, mappingsOf, renderByItself, textOf } from '../../manifest-render.ts';
import type { Mapping } from '../../manifest-render.ts';

const objects = renderByItself(join(import.meta.dirname, '../../../k8s/sqlite'));
const deployments = objects.filter((object) => object['kind'] === 'Deployment');
const nameOf = (object: Mapping): string => textOf(mappingOf(object['metadata'])['name']) ?? '';

/** The environment of a Deployment's container; what comes from a secret gets a value of its own. */
function environmentOf(deployment: Mapping): readonly string[] {
  const pod = mappingOf(mappingOf(mappingOf(deployment['spec'])['template'])['spec']);
  const container = mappingsOf(pod['containers'])[0] ?? {};
  const maps = mappingsOf(container['envFrom']).map((one) => textOf(mappingOf(one['configMapRef'])['name']));
  const settings = objects
    .filter((object) => object['kind'] === 'ConfigMap' && maps.includes(nameOf(object)))
    .flatMap((object) => Object.entries(mappingOf(object['data'])));
  const secrets = mappingsOf(container['env']).map(({ name }) => [textOf(name), 's3cret-'.repeat(6)]);
  return [...settings, ...secrets].map(([name, value]) => `${String(name)}=${String(value)}`);
}

const options = (deployment: Mapping): object => ({
  Image: `canopy/${nameOf(deployment)}:test`,
  Env: [...environmentOf(deployment)],
  User: '1000:1000',
  HostConfig: {
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Memory: 512 * 1024 * 1024,
    Tmpfs: { '/tmp': 'rw,mode=1777', '/data': 'rw,uid=1000,gid=1000' },
  },
});

describe('the image of a service', () => {
  it('has a Deployment for each of the three', () => {
    expect(deployments.map(nameOf)).toEqual(['authentication-service', 'key-directory', 'delivery-service']);
  });

  it.each(deployments.map((deployment) => [nameOf(deployment), deployment] as const))(
    '%s becomes healthy and ends in order on SIGTERM',
    async (_name, deployment) => {
      const { dockerode } = (await getContainerRuntimeClient()).container;
      const container = await dockerode.createContainer(options(deployment));
      try {
        await container.start();
        const deadline = Date.now() + 60_000;
        const state = async () => (await container.inspect()).State;
        let now = await state();
        while (now.Running && now.Health?.Status !== 'healthy' && Date.now() < deadline) {
          await pause(250);
          now = await state();
        }
        const output = (await container.logs({ stdout: true, stderr: true })).toString('utf8');
        expect({ health: now.Health?.Status, output }).toEqual({ health: 'healthy', output });
        await container.stop({ t: 20 });
        expect((await state()).ExitCode).toBe(0);
      } finally {
        await container.remove({ force: true, v: true });
      }
    },
    120_000,
  );
});
