import { connect, mlsClient } from '@canopy/contract';
import { afterAll, beforeAll, describe, it } from '@jest/globals';

import { startServer, type RunningServer } from '../src/server.ts';
import { Stage } from './stage.ts';

/** A script: what happens to whom, in order. */
export type Script = (stage: Stage) => Promise<void>;

const suites = [1, 2, 3, 4, 5, 6, 7];

/** Plays scripts on all suites, with encrypted and with public handshakes, by two servers that take turns. */
export function playScripts(config: string, scripts: Readonly<Record<string, Script>>): void {
  const servers: RunningServer[] = [];
  const clients: mlsClient.MLSClientClient[] = [];

  beforeAll(async () => {
    for (let count = 0; count < 2; count += 1) {
      const server = await startServer({ host: '127.0.0.1', port: 0, grease: count === 1 });
      servers.push(server);
      clients.push(connect(mlsClient.MLSClientClient, { address: `127.0.0.1:${server.port}` }));
    }
  });
  afterAll(() => {
    for (const client of clients) client.close();
    for (const server of servers) server.stop();
  });

  describe.each(Object.entries(scripts))(`${config}: %s`, (_name, script) => {
    describe.each(suites)('suite %i', (suite) => {
      it.each(['encrypted', 'plain'])('%s', (handshake) =>
        script(new Stage(clients, suite, handshake === 'encrypted')),
      );
    });
  });
}
