import { eventually, InProcessBroker } from '@millrace/test-environment';
import { connectAsync, type MqttClient } from 'mqtt';
import { decodePayload } from '../decode-payload';
import { bdSeqOf, rebirthCommand } from '../node-control';
import { SparkplugEdge } from './sparkplug-edge';

let broker: InProcessBroker;
let listener: MqttClient;
let edge: SparkplugEdge;
const heard: string[] = [];

beforeEach(async () => {
  broker = await InProcessBroker.start();
  listener = await connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
  heard.length = 0;
  listener.on('message', (topic, bytes) => {
    const read = decodePayload(bytes);
    if (read.kind !== 'payload') throw new Error(read.detail);
    const type = topic.split('/')[2]!;
    heard.push(/NBIRTH|NDEATH/.test(type) ? `${type} ${bdSeqOf(read.payload)}` : `${type} seq ${read.payload.seq}`);
  });
  await listener.subscribeAsync('spBv1.0/#', { qos: 1 });
  edge = new SparkplugEdge({
    url: broker.url,
    group: 'G',
    node: 'E',
    metrics: [],
    devices: { D: [{ name: 'Count', type: 'Int32', value: 0 }] },
    aliases: true,
    firstBdSeq: 255,
    reconnectMs: 20,
  });
  await edge.start();
});
afterEach(async () => {
  edge.kill();
  await listener.endAsync(true);
  await broker.stop();
});

const hears = (...expected: string[]) =>
  eventually(() => heard.slice(-expected.length).join() === expected.join() || Promise.reject(heard), expected.join());

it('is born, says data, and is born again when it is asked', async () => {
  await edge.say('D', { Count: 1 });
  await hears('NBIRTH 255', 'DBIRTH seq 1', 'DDATA seq 2');
  await listener.publishAsync('spBv1.0/G/NCMD/E', rebirthCommand(1));
  await eventually(() => edge.rebirthsAsked === 1 && edge.births === 2, 'the rebirth');
  await hears('NBIRTH 255', 'DBIRTH seq 1');
});

it('dies by its will, and by a farewell', async () => {
  await hears('NBIRTH 255', 'DBIRTH seq 1');
  edge.kill();
  await hears('NDEATH 255');
  const other = new SparkplugEdge({ url: broker.url, group: 'G', node: 'F', metrics: [], devices: {}, aliases: false });
  await other.start();
  await other.stop();
  await hears('NBIRTH 0', 'NDEATH 0');
});

it('comes back with the next number, and with the values that it was told meanwhile', async () => {
  const { port } = broker;
  await broker.stop();
  await eventually(() => !edge.online, 'the loss');
  await edge.say('D', { Count: 9 });
  broker = await InProcessBroker.start(port);
  await eventually(() => edge.online && edge.births === 2, 'the next birth');
});
