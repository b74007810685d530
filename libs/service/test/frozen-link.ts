/**
 * A TCP link to a server that can be frozen: both ends stay connected and hear nothing more, as when a cable is cut.
 *
 * @module
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface FrozenLink {
  readonly address: string;
  freeze(): void;
  close(): void;
}

/** Listens on a free port of loopback and passes on what comes to a port there. */
export async function startLink(port: number): Promise<FrozenLink> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1' });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        if (!frozen) {
          other.write(chunk);
        }
      });
    }
  });
  let frozen = false;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  return {
    address: `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`,
    freeze() {
      frozen = true;
    },
    close() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}
