import { createServer } from 'node:net';

const listens = (port: number, host: string): Promise<number | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });

export const isFree = async (port: number, host = '127.0.0.1'): Promise<boolean> =>
  (await listens(port, host)) !== null;

/**
 * A free port near `wanted`. Below 32768 on purpose: above it the system hands ports out to outgoing connections, and one
 * that was free a moment ago may be taken when the program behind it comes back after a restart.
 */
export const freePortNear = async (wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> => {
  for (let port = wanted; port < wanted + 500; port++) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port between ${wanted} and ${wanted + 500}`);
};

/** A free port for a test, from a range of its own; random, so that runs beside each other rarely meet. */
export const freeTestPort = async (): Promise<number> => {
  for (let tries = 0; tries < 200; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port between 20000 and 30000');
};
