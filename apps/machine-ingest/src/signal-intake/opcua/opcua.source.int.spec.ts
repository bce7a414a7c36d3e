import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { itConforms, type SourcePeer } from '../source-conformance.fixture';
import { MangledLine } from './mangled-line.fixture';
import { OpcuaServerProcess } from './opcua-server.fixture';
import { type OpcuaSettings, opcuaSettings } from './opcua-settings';
import { opcuaSourceKind } from './opcua-source-kind';

const folder = mkdtempSync(join(tmpdir(), 'opcua-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const makePeer = (): SourcePeer<OpcuaSettings> => {
  const server = new OpcuaServerProcess(join(folder, 'pki'));
  const line = new MangledLine(() => server.port);
  return {
    path: 'count',
    settings: () =>
      opcuaSettings.parse({
        endpointUrl: line.endpointUrl,
        securityMode: 'None',
        securityPolicy: 'None',
        machine: 'press-01',
        nodes: [{ nodeId: 'ns=1;s=Count', path: 'count', samplingMs: 0, queueSize: 100 }],
        publishingIntervalMs: 50,
        keepAliveMs: 1_000,
      }),
    start: async () => {
      await server.start();
      await line.open();
    },
    kill: async () => {
      await server.kill();
      await line.close();
    },
    say: (values) => server.order({ do: 'say', values }),
    repeat: null,
    garbage: { send: () => line.spoilNext(), refused: false },
    freeze: {
      begin: async () => server.freeze(),
      end: async () => server.thaw(),
      noticedWithinMs: 8_000,
    },
    keepsForAbsent: false,
  };
};

describe('an OPC UA server as a source', () => {
  jest.setTimeout(60_000);
  itConforms({
    kind: opcuaSourceKind,
    makePeer,
    folder: () => join(folder, 'own'),
    // eight messages are held; the server decides how much is in one, so these may be all of them
    outage: { values: 90, queues: 1, mostQueued: 90 },
    cannot: { repeat: 'a server repeats nothing that was acknowledged' },
  });
});
