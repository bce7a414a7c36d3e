import { eventually } from '@millrace/test-environment';
import { itConforms, type SourcePeer } from '../source-conformance.fixture';
import { modbusSourceKind } from './modbus.kind';
import { ModbusServer } from './modbus-server.fixture';
import { type ModbusSettings, modbusSettings } from './modbus-settings';

/** A device with one counter. A register has its present value only, so each is left standing until it was read. */
const devicePeer = (): SourcePeer<ModbusSettings> => {
  const server = new ModbusServer('zero');
  return {
    path: 'parts',
    settings: () =>
      modbusSettings.parse({
        host: '127.0.0.1',
        port: server.port,
        intervalMs: 20,
        timeoutMs: 200,
        devices: [{ machine: 'SAW-1', items: [{ path: 'parts', table: 'holding', address: 100, type: 'uint16' }] }],
      }),
    start: () => server.start(),
    kill: () => server.kill(),
    say: async (values) => {
      for (const value of values) {
        server.set('1/holding/100', value);
        await server.isRead();
      }
    },
    repeat: null,
    garbage: {
      send: async () => {
        const before = server.sockets;
        server.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
        await eventually(() => server.sockets.some((socket) => !before.includes(socket)), 'another connection');
        await server.isRead();
      },
      refused: true,
    },
    freeze: {
      begin: async () => server.freeze(),
      end: async () => server.thaw(),
      noticedWithinMs: 5_000,
    },
    keepsForAbsent: false,
  };
};

describe('a Modbus device', () => {
  itConforms({
    kind: modbusSourceKind,
    makePeer: devicePeer,
    folder: () => '',
    // what the source holds while the polls go on
    outage: { values: 30, queues: 30, mostQueued: 31 },
    cannot: { repeat: 'a register has its present value and no messages' },
  });
});
