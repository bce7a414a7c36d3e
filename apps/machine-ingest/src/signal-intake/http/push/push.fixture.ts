import type { Signal } from '@millrace/domain';
import { compileSchema } from '@millrace/event-schema';
import { ProduceFailed } from '@millrace/kafka';
import {
  builtInEventType,
  decodeRejection,
  decodeSignal,
  type IncomingMessage,
  type OutgoingMessage,
} from '@millrace/protocol';
import { IdempotencyKeys } from '../../../idempotency/idempotency-keys';
import { httpSourceSettings } from './http-source-settings';
import { type ReceivedMessage, ReceiveMessageHandler } from './receive-message.handler';

const incoming = ({ topic, key, value, headers }: OutgoingMessage): IncomingMessage => ({
  topic,
  partition: 0,
  offset: 0n,
  timestamp: 0,
  key: key === null ? null : Buffer.from(key),
  value,
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});

export const checkBundle = compileSchema(builtInEventType('bundle.completed')!.schema);

/** The handler with a Kafka that can be made to fail, and what came to its topics. */
export const receiving = (settings: object, now = Date.parse('2026-02-17T15:30:04Z')) => {
  const published: OutgoingMessage[] = [];
  const told: string[] = [];
  const taken: string[] = [];
  const kafka: { up: boolean; takes: number } = { up: true, takes: Number.POSITIVE_INFINITY };
  const handler = new ReceiveMessageHandler({
    publisher: {
      publish: async (messages) => {
        if (!kafka.up) throw new Error('away');
        if (messages.some(({ value }) => (value?.length ?? 0) > kafka.takes))
          throw new ProduceFailed('refused', false, {
            cause: Object.assign(new Error('x'), { type: 'MESSAGE_TOO_LARGE' }),
          });
        published.push(...messages);
      },
    },
    clock: () => now,
    keys: new IdempotencyKeys(),
    topics: { signals: 'm.signals', signalsRejected: 'm.signals.rejected' },
    checkBundle,
    taken: {
      stored: ({ tenant, name }, stored) => void taken.push(`${tenant}/${name} ${stored.length}`),
      refused: ({ tenant, name }) => void taken.push(`${tenant}/${name} refused`),
    },
    told: {
      received: (source, signals, rejected) => void told.push(`received ${source} ${signals.length} ${rejected}`),
      refused: (origin, code) => void told.push(`refused ${origin} ${code}`),
      unfit: (source, path) => void told.push(`unfit ${source} ${path}`),
      unavailable: (_tenant, reason) => void told.push(`unavailable ${reason}`),
    },
  });
  const read = httpSourceSettings(() => 'made-token-made-token').parse(settings);
  const post = (body: string | Buffer | object, over: Partial<ReceivedMessage> = {}) =>
    handler.receive({
      source: { tenant: 'acme', name: 'peer', settings: read },
      body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      contentType: 'application/json',
      signature: undefined,
      idempotencyKey: null,
      traceparent: null,
      ...over,
    });
  const signals = (): Signal[] =>
    published
      .filter(({ topic }) => topic === 'm.signals')
      .map((message) => {
        const decoded = decodeSignal(incoming(message));
        if (decoded.kind === 'refused') throw new Error(decoded.detail);
        return decoded.signal;
      });
  const quarantined = () =>
    published
      .filter(({ topic }) => topic === 'm.signals.rejected')
      .map((message) => decodeRejection(incoming(message))!);
  return { post, signals, quarantined, kafka, told, taken, settings: read };
};
