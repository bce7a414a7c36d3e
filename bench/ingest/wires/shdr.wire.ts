import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { LineSplitter } from '../../../apps/machine-ingest/src/signal-intake/shdr/line-splitter';
import { readShdrLine, startShdrReading } from '../../../apps/machine-ingest/src/signal-intake/shdr/shdr-reading';
import { connectSource } from '../ingest-site';
import { EACH, mappingOf, valuesOf, type Wire } from './wire';

const MACHINE = 'shdr-1';
/** Lines that are written at a time, as much as an adapter's socket holds. */
const CHUNK = 100;

const linesFrom = (first: number, count: number): Buffer => {
  const stamp = new Date().toISOString();
  return Buffer.from(
    Array.from({ length: count }, (_, n) => {
      const pairs = valuesOf(first + n).map(([name, value]) => `${name}|${value}`);
      return `${stamp}|${pairs.join('|')}\n`;
    }).join(''),
  );
};

/** Lines over TCP, ten values on each. */
export const shdr: Wire = {
  name: 'SHDR',
  machine: MACHINE,
  mapping: mappingOf(MACHINE, 'shdr', { state: 'state', count: 'count' }),
  open: async (site) => {
    const connected: Socket[] = [];
    const server = createServer((socket) => {
      connected.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('* PONG 10000\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await connectSource(site, 'shdr', 'shdr', { host: '127.0.0.1', port, machine: MACHINE });
    return {
      send: async (signals) => {
        const lines = Math.ceil(signals / EACH);
        const socket = connected.at(-1)!;
        for (let n = 0; n < lines; n += CHUNK)
          if (!socket.write(linesFrom(n, Math.min(CHUNK, lines - n)))) await once(socket, 'drain');
        return lines * EACH;
      },
      decode: (signals) => {
        const chunk = linesFrom(0, CHUNK);
        const session = { tenant: 'default', machine: MACHINE, source: 'shdr', session: 's', proto: 'mtc' as const };
        const splitter = new LineSplitter();
        let reading = startShdrReading;
        let read = 0;
        while (read < signals)
          for (const line of splitter.push(chunk)) {
            if (line.kind !== 'line') throw new Error(line.code);
            const one = readShdrLine(reading, session, line.text, Date.now());
            reading = one.reading;
            read += one.signals.length;
          }
        return read;
      },
      close: async () => {
        for (const socket of connected) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
};
