import { connectAsync } from 'mqtt';
import { InProcessBroker, MosquittoBroker } from './mqtt-broker';

const carries = async (url: string, protocolVersion: 4 | 5): Promise<void> => {
  const client = await connectAsync(url, { protocolVersion, reconnectPeriod: 0 });
  try {
    const came = new Promise<string>((resolve) =>
      client.once('message', (_topic, payload) => resolve(String(payload))),
    );
    await client.subscribeAsync('a/b', { qos: 1 });
    await client.publishAsync('a/b', 'hello', { qos: 1 });
    expect(await came).toBe('hello');
  } finally {
    await client.endAsync(true);
  }
};

it('mosquitto carries messages, dies and comes back on its port', async () => {
  const broker = await MosquittoBroker.start();
  try {
    await carries(broker.url, 5);
    await broker.kill();
    await expect(carries(broker.url, 4)).rejects.toThrow('ECONNREFUSED');
    await broker.start();
    await carries(broker.url, 4);
  } finally {
    await broker.remove();
  }
});

it('the broker in the process carries messages', async () => {
  const broker = await InProcessBroker.start();
  await carries(broker.url, 4);
  await broker.stop();
});
