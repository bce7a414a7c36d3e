import { join } from 'node:path';
import {
  BinaryStream,
  DataChangeNotification,
  DataType,
  DataValue,
  MonitoredItemNotification,
  NotificationMessage,
  PublishResponse,
  Variant,
} from 'node-opcua';
import { OpcuaServerProcess } from '../../../apps/machine-ingest/src/signal-intake/opcua/opcua-server.fixture';
import { readDataValue } from '../../../apps/machine-ingest/src/signal-intake/opcua/read-value';
import { allStored, connectSource, storedSignals } from '../ingest-site';
import { mappingOf, type Wire } from './wire';

const MACHINE = 'opcua-1';
const ITEMS = 1_000;
/** As fast as the queues of the server hold what it says between two publishings. */
const EVERY_MS = 50;
const PUBLISHING_MS = 100;
const QUEUE = 100;

/** A subscription to a thousand items of one server. */
export const opcua: Wire = {
  name: 'OPC UA',
  machine: MACHINE,
  most: (5_000 / EVERY_MS) * ITEMS,
  mapping: mappingOf(MACHINE, 'opcua', { state: 'ns=1;s=Item/0', count: 'ns=1;s=Item/1' }),
  open: async (site, folder) => {
    const server = new OpcuaServerProcess(join(folder, 'pki'), { items: ITEMS });
    await server.start();
    const before = await storedSignals(site);
    await connectSource(site, 'opcua', 'opcua', {
      endpointUrl: server.endpointUrl,
      securityMode: 'None',
      securityPolicy: 'None',
      machine: MACHINE,
      publishingIntervalMs: PUBLISHING_MS,
      browse: [{ root: 'ns=1;s=Items', samplingMs: 0, queueSize: QUEUE }],
    });
    await allStored(site, before + ITEMS, 60_000);
    return {
      send: async (signals) => {
        const rounds = Math.ceil(signals / ITEMS);
        await server.order({ do: 'pump', everyMs: EVERY_MS, rounds });
        return rounds * ITEMS;
      },
      decode: (signals) => {
        const bytes = publishResponse();
        let read = 0;
        while (read < signals) {
          const response = new PublishResponse();
          response.decode(new BinaryStream(bytes));
          for (const part of response.notificationMessage.notificationData ?? [])
            for (const { value } of (part as DataChangeNotification).monitoredItems ?? [])
              if (readDataValue(value).quality === 'good') read++;
        }
        return read;
      },
      close: () => server.kill(),
    };
  },
};

/** What the server sends of one round. */
const publishResponse = (): Buffer => {
  const now = new Date();
  const monitoredItems = Array.from(
    { length: ITEMS },
    (_, n) =>
      new MonitoredItemNotification({
        clientHandle: n + 1,
        value: new DataValue({
          value: new Variant({ dataType: DataType.Double, value: n }),
          sourceTimestamp: now,
          serverTimestamp: now,
        }),
      }),
  );
  const response = new PublishResponse({
    subscriptionId: 1,
    notificationMessage: new NotificationMessage({
      sequenceNumber: 1,
      publishTime: now,
      notificationData: [new DataChangeNotification({ monitoredItems })],
    }),
  });
  const stream = new BinaryStream(response.binaryStoreSize());
  response.encode(stream);
  return stream.buffer;
};
