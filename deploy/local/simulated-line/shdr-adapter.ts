import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { beforeTheShift, everything, nextStep, type Shift } from './roll-former';

export interface SimulatedLine {
  readonly port: number;
  /** Until then clients are accepted and pinged, but told nothing. */
  begin(): void;
  close(): Promise<void>;
}

const HEARTBEAT_MS = 10_000;

/**
 * Speaks the MTConnect adapter protocol (SHDR) for the simulated line on a loopback port: all values to a client that
 * connects, then each change as it happens; `* PING` is answered with `* PONG <heartbeat>`.
 */
export const startSimulatedLine = async (port: number, chance: () => number = Math.random): Promise<SimulatedLine> => {
  const clients = new Set<Socket>();
  let shift: Shift = beforeTheShift;
  let timer: NodeJS.Timeout | null = null;
  let begun = false;

  const write = (to: Iterable<Socket>, says: readonly string[]) => {
    const stamp = new Date().toISOString();
    const text = says.map((line) => `${stamp}|${line}\n`).join('');
    for (const client of to) client.write(text);
  };
  const work = () => {
    const step = nextStep(shift, chance);
    shift = step.shift;
    write(clients, step.says);
    // Nobody listens: the line stands still, so that nothing happens unseen.
    timer = clients.size === 0 ? null : setTimeout(work, step.waitMs);
  };
  const greet = (newcomers: Iterable<Socket>) => {
    write(newcomers, everything(shift));
    if (clients.size > 0) timer ??= setTimeout(work, 500);
  };
  const server: Server = createServer((client) => {
    client.setNoDelay(true);
    client.setEncoding('utf8');
    client.on('error', () => client.destroy());
    client.on('close', () => clients.delete(client));
    let rest = '';
    client.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(-256);
      if (lines.some((line) => line.startsWith('* PING'))) client.write(`* PONG ${HEARTBEAT_MS}\n`);
    });
    clients.add(client);
    if (begun) greet([client]);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    begin: () => {
      begun = true;
      greet(clients);
    },
    close: () =>
      new Promise((resolve) => {
        if (timer !== null) clearTimeout(timer);
        for (const client of clients) client.destroy();
        server.close(() => resolve());
      }),
  };
};
