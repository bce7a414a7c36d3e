import { type AddressInfo, createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { type Event, foldSignal, newMachineState, RESUMED_CODE, type Signal } from '@millrace/domain';
import { readMapping } from '@millrace/machine-mapping';
import { eventually, MosquittoBroker } from '@millrace/test-environment';
import { connectAsync, type MqttClient } from 'mqtt';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource } from '../source-kind';
import { mqttSourceKind } from './mqtt.source-kind';
import { type MqttSettings, mqttSettings } from './mqtt-settings';

/** The way to a broker, which can be cut while the broker and its other clients go on. */
class Way {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private server: Server | null = null;

  constructor(private readonly broker: MosquittoBroker) {}

  async open(): Promise<string> {
    this.server = createServer((socket) => {
      if (this.isCut) {
        socket.destroy();
        return;
      }
      const other = tcpConnect(this.broker.port, '127.0.0.1');
      for (const one of [socket, other]) {
        this.sockets.add(one);
        one.on('error', () => undefined);
      }
      socket.pipe(other).pipe(socket);
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    return `mqtt://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server?.close();
  }
}

const MAPPING = `
apiVersion: ingest/v1
machine: { id: m-1 }
sources: { hall: { type: mqtt } }
signals:
  state: { source: hall, path: state, type: string }
  stop: { source: hall, path: stop, type: bool }
  order: { source: hall, path: order, type: string }
  temp: { source: hall, path: temp, type: double }
rules:
  - { id: status, kind: stateMap, input: state, map: { RUN: running, HALT: idle } }
  - { id: stop, kind: edge, input: stop, on: rising, emit: machine.alarm, alarm: { code: E-STOP, severity: fault } }
  - { id: order, kind: edge, input: order, on: changed, emit: work_order.released, data: { order: order } }
  - { id: hot, kind: threshold, input: temp, raiseAbove: 80, clearBelow: 75, emit: machine.alarm, alarm: { code: HOT, severity: warning } }
`;

const read = readMapping(MAPPING);
if (read.kind !== 'mapping') throw new Error(JSON.stringify(read.problems));
const { mapping } = read;

const told = (signals: readonly Signal[], machine: string): string[] => {
  let state = {
    ...newMachineState('default', machine),
    config: { name: mapping.name, version: 1, hash: mapping.hash },
  };
  const events: Event[] = [];
  signals
    .filter((signal) => signal.machine === machine)
    .forEach((signal, offset) => {
      const folded = foldSignal(state, signal, { partition: 0, offset: BigInt(offset) }, () => mapping);
      state = folded.state as typeof state;
      events.push(...folded.events);
    });
  return events.map(({ type, data }) => {
    const { status, current, code, order } = JSON.parse(data) as { readonly [member: string]: unknown };
    return [type, current ?? order ?? code, status].filter((word) => word !== undefined).join(' ');
  });
};

let broker: MosquittoBroker;
let way: Way;
let url: string;
let settings: MqttSettings;
let machine: MqttClient;
let source: OpenSource;
let sink: MemorySink;

const say = (id: string, topic: string, value: unknown, qos: 0 | 1 = 1) =>
  machine.publishAsync(`plant/${id}/${topic}`, JSON.stringify(value), { qos });
const heard = (id: string, path: string, value: unknown) =>
  eventually(
    () => sink.appended.some((one) => one.machine === id && one.path === path && one.value === value),
    `${path} of ${id} to be ${value}`,
  );
const connections = (id: string) =>
  sink.appended
    .filter((one) => one.machine === id && one.path === '$lifecycle')
    .map((one) => [one.value, one.qualityCode]);

const settingsWith = (more: object): MqttSettings =>
  mqttSettings.parse({
    url,
    keepaliveSeconds: 1,
    topics: [{ filter: 'plant/+/#', machine: '{2}' }],
    ...more,
  });

beforeEach(async () => {
  broker = await MosquittoBroker.start();
  way = new Way(broker);
  url = await way.open();
  settings = settingsWith({ brokerQueue: 0 });
  sink = new MemorySink();
  source = openOn(mqttSourceKind, settings, sink, '');
  await eventually(() => source.health().connection.state === 'connected', 'the connection');
  machine = await connectAsync(broker.url, { reconnectPeriod: 0 });
});
afterEach(async () => {
  await source.stop();
  await machine.endAsync(true);
  way.close();
  await broker.remove();
});

const outage = async (meanwhile: () => Promise<void>): Promise<void> => {
  way.cut();
  await eventually(() => source.health().connection.state !== 'connected', 'the loss');
  await meanwhile();
  way.mend();
  await eventually(() => source.health().connection.state === 'connected', 'the return', 35_000);
};

it('is told as what happened, of a broker that has kept all of it', async () => {
  await say('m-1', 'state', 'RUN');
  await say('m-1', 'stop', false);
  await say('m-1', 'order', 'WO-1');
  await say('m-1', 'temp', 90);
  await heard('m-1', 'temp', 90);
  await outage(async () => {
    await say('m-1', 'stop', true);
    await say('m-1', 'order', 'WO-2');
    await say('m-1', 'temp', 20);
  });
  await heard('m-1', 'temp', 20);
  expect(connections('m-1')).toEqual([
    ['connected', null],
    ['disconnected', null],
    ['connected', RESUMED_CODE],
  ]);
  expect(told(sink.appended, 'm-1')).toEqual([
    'machine.status_changed running',
    'machine.alarm HOT raised',
    'machine.alarm E-STOP raised',
    'work_order.released WO-2',
    'machine.alarm HOT cleared',
  ]);
});

it('promises nothing of a machine that has published at QoS 0, to whichever process, or that was not heard before', async () => {
  await say('m-1', 'state', 'RUN', 0);
  await heard('m-1', 'state', 'RUN');
  await source.stop();
  source = openOn(mqttSourceKind, settings, sink, '');
  await eventually(() => source.health().connection.state === 'connected', 'the successor');
  await say('m-1', 'stop', false);
  await heard('m-1', 'stop', false);
  await outage(async () => {
    await say('m-2', 'state', 'RUN');
  });
  await heard('m-2', 'state', 'RUN');
  expect(connections('m-1').at(-1)).toEqual(['connected', null]);
  expect(connections('m-2')).toEqual([['connected', null]]);
});

it('promises nothing of a broker that may drop what is too much for it', async () => {
  await source.stop();
  source = openOn(mqttSourceKind, settingsWith({}), sink, '');
  await eventually(() => source.health().connection.state === 'connected', 'the successor');
  await say('m-1', 'state', 'RUN');
  await heard('m-1', 'state', 'RUN');
  await outage(async () => undefined);
  expect(connections('m-1').at(-1)).toEqual(['connected', null]);
});
