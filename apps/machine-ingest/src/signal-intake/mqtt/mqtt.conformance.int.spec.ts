import { MosquittoBroker } from '@millrace/test-environment';
import { connectAsync } from 'mqtt';
import { itConforms, type SourcePeer } from '../source-conformance.fixture';
import { mqttSourceKind } from './mqtt.source-kind';
import { type MqttSettings, mqttSettings } from './mqtt-settings';

/** Without another word a broker of version 3.1.1 has so many under way itself. */
const IN_FLIGHT = 20;

/** A broker and a machine that sends to it; the machine's numbers go on, whatever becomes of the broker. */
const makePeer = (protocolVersion: 4 | 5) => (): SourcePeer<MqttSettings> => {
  let broker: MosquittoBroker | null = null;
  let n = 0;
  let last = '';
  const send = async (payloads: readonly (string | Buffer)[]) => {
    const machine = await connectAsync(broker!.url, { reconnectPeriod: 0 });
    for (const payload of payloads) await machine.publishAsync('plant/m-1/length', payload, { qos: 1 });
    await machine.endAsync();
  };
  return {
    settings: () =>
      mqttSettings.parse({
        url: broker!.url,
        protocolVersion,
        keepaliveSeconds: 1,
        inFlight: IN_FLIGHT,
        topics: [{ filter: 'plant/+/+', machine: '{2}', path: '{3}', value: 'v', seq: 'n' }],
      }),
    path: 'length',
    start: async () => {
      if (broker === null) {
        const made = await MosquittoBroker.create();
        leftBehind.push(() => made.remove());
        broker = made;
      }
      await broker.start();
    },
    kill: async () => {
      broker?.thaw();
      await broker?.kill();
    },
    say: (values) =>
      send(
        values.map((v) => {
          last = JSON.stringify({ v, n: n++ });
          return last;
        }),
      ),
    repeat: () => send([last]),
    garbage: { send: () => send(['{"v":', Buffer.from([0xff, 0x00]), '<html>502</html>']), refused: true },
    freeze: {
      begin: async () => broker!.freeze(),
      end: async () => broker!.thaw(),
      noticedWithinMs: 5_000,
    },
    keepsForAbsent: true,
  };
};

const leftBehind: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const remove of leftBehind.splice(0)) await remove();
});

describe.each([4, 5] as const)('plain topics over MQTT version %i', (version) => {
  itConforms({
    kind: mqttSourceKind,
    makePeer: makePeer(version),
    folder: () => '',
    // what may be unacknowledged, and a tick: the rest waits at the broker
    outage: { values: 300, queues: 1, mostQueued: IN_FLIGHT + 1 },
  });
});
