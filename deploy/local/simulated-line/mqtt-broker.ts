import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface LineBroker {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The MQTT broker between the simulated line and Millrace, on a loopback port: a plant has its own. It speaks MQTT 3.1.1
 * and keeps nothing over a restart, which is enough for a line that is born again then.
 */
export const startLineBroker = async (port: number): Promise<LineBroker> => {
  const broker = await Aedes.createBroker();
  const clients = new Set<Socket>();
  const server: Server = createServer((socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const client of clients) client.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
};
