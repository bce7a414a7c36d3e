import type { Broker } from '../client/kafkajs-cluster';
import type { ByteWriter } from './byte-writer';

export interface Api {
  /** Kafka's number of the request. */
  readonly key: number;
  readonly name: string;
  readonly version: number;
}

const CORRELATION_AT = 8;

/** Begins a request; the answer to it is known by a number that is written when it is sent. */
export const beginFrame = (writer: ByteWriter, api: Api, clientId: string): void => {
  writer.clear();
  writer.int32(0); // length
  writer.int16(api.key);
  writer.int16(api.version);
  writer.int32(0); // correlation id
  writer.text(clientId);
};

/** The whole request: the writer's own memory, which must stay as it is until the answer has come. */
export const endFrame = (writer: ByteWriter): Buffer => {
  writer.int32At(0, writer.length - 4);
  return writer.view();
};

/**
 * Sends a request over kafkajs' connection to the broker and answers what came back, without its correlation id. It goes
 * past kafkajs' encoder, which would copy the request twice, and through its request queue, which keeps order, number in
 * flight, throttling and timeout.
 *
 * @param write gets the connection's client id
 * @throws kafkajs' connection errors
 */
export const exchange = async (
  broker: Broker,
  api: Api,
  write: (clientId: string) => Buffer,
  requestTimeout: number | null = null,
): Promise<{ payload: Buffer; throttle: (ms: number) => void }> => {
  const connection = await broker.connectionPool.getConnectionByRequest({ request: { apiKey: api.key } });
  if (connection.sasl && !connection.isAuthenticated()) await connection.authenticate();
  connection.failIfNotConnected();
  const frame = write(connection.clientId);
  const correlationId = connection.nextCorrelationId();
  frame.writeInt32BE(correlationId, CORRELATION_AT);
  try {
    const { payload } = await new Promise<{ payload: Buffer }>((resolve, reject) => {
      let settle: { resolve(answer: { payload: Buffer }): void; reject(error: unknown): void } | null = {
        resolve,
        reject,
      };
      const settled = () => {
        const settling = settle;
        // kafkajs' table of requests outlives them by far, and whatever it leads to with it: the answer shall not.
        settle = null;
        return settling;
      };
      connection.requestQueue.push({
        entry: {
          apiKey: api.key,
          apiName: api.name,
          apiVersion: api.version,
          correlationId,
          resolve: (answer) => settled()?.resolve(answer),
          reject: (error) => settled()?.reject(error),
        },
        expectResponse: true,
        requestTimeout,
        sendRequest: () => connection.socket.write(frame),
      });
    });
    return { payload, throttle: (ms) => connection.requestQueue.maybeThrottle(ms) };
  } catch (error) {
    if ((error as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
};
