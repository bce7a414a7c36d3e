import { SparkplugEdge } from '@millrace/sparkplug';
import { eventually, MosquittoBroker } from '@millrace/test-environment';
import { itConforms, type SourcePeer } from '../source-conformance.fixture';
import { sparkplugSourceKind } from './sparkplug.source-kind';
import { type SparkplugSettings, sparkplugSettings } from './sparkplug-settings';

/** A broker and an edge node behind it; who joins late gets the births by asking. */
const makePeer = (protocolVersion: 4 | 5) => (): SourcePeer<SparkplugSettings> => {
  let broker: MosquittoBroker | null = null;
  let edge: SparkplugEdge | null = null;
  let last: number | null = null;
  const online = () => eventually(() => edge?.online === true, 'the edge node to be online');
  return {
    settings: () =>
      sparkplugSettings.parse({
        url: broker!.url,
        protocolVersion,
        keepaliveSeconds: 1,
        rebirthMinIntervalMs: 300,
        reorderTimeoutMs: 300,
        machines: [{ machine: 'm-1', group: 'Plant', node: 'Edge', device: 'Line' }],
      }),
    path: 'Length',
    start: async () => {
      if (broker === null) {
        const made = await MosquittoBroker.create();
        leftBehind.push(() => made.remove());
        broker = made;
      }
      await broker.start();
      edge ??= new SparkplugEdge({
        url: broker.url,
        group: 'Plant',
        node: 'Edge',
        metrics: [],
        devices: { Line: [{ name: 'Length', type: 'Double', value: 0 }] },
        aliases: true,
        reconnectMs: 50,
      });
      if (edge.births === 0) {
        const made = edge;
        leftBehind.push(() => made.kill());
        await edge.start();
      }
      await online();
    },
    kill: async () => {
      broker?.thaw();
      await broker?.kill();
    },
    say: async (values) => {
      await online();
      for (const value of values) {
        await edge!.say('Line', { Length: value });
        last = value;
      }
    },
    repeat: async () => {
      if (last !== null) await edge!.sayAgain();
    },
    garbage: {
      send: async () => {
        await edge!.raw('spBv1.0/Plant/DDATA/Edge/Line', Buffer.from('{"value":1}'));
        await edge!.raw('spBv1.0/Plant/NDATA/Edge/Line', Buffer.from('x'));
        await edge!.raw('spBv1.0/Plant/DDATA/Edge/Line', Buffer.alloc(0));
      },
      refused: true,
    },
    freeze: {
      begin: async () => broker!.freeze(),
      end: async () => broker!.thaw(),
      noticedWithinMs: 5_000,
    },
    keepsForAbsent: false,
  };
};

const leftBehind: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const remove of leftBehind.splice(0)) await remove();
});

describe.each([4, 5] as const)('Sparkplug over MQTT version %i', (version) => {
  itConforms({
    kind: sparkplugSourceKind,
    makePeer: makePeer(version),
    folder: () => '',
    // QoS 0 is held back by the socket alone, from 10,000 messages on: mqtt-connection.int.spec.ts floods it
    outage: { values: 300, queues: 250, mostQueued: 300 },
  });
});
