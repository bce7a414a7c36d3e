import type { IncomingMessage, OutgoingMessage } from '@millrace/protocol';
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';

const NO_BYTES = Buffer.alloc(0);

/**
 * Headers as kafkajs reads them, in our form: of a repeated header the last value counts, a null value becomes empty.
 * The object is used as it is when nothing has to change, which is the rule.
 */
export const readHeaders = (headers: IHeaders | undefined): { readonly [name: string]: Buffer } => {
  if (headers === undefined) return {};
  for (const name in headers) {
    if (!Buffer.isBuffer(headers[name])) return normalised(headers);
  }
  return headers as { readonly [name: string]: Buffer };
};

const normalised = (headers: IHeaders): { readonly [name: string]: Buffer } => {
  // fromEntries defines properties, so a header named __proto__ stays a header
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, lastValue(value)]));
};

const lastValue = (value: IHeaders[string] | null): Buffer => {
  const last = Array.isArray(value) ? value.at(-1) : value;
  if (last === undefined || last === null) return NO_BYTES;
  return Buffer.isBuffer(last) ? last : Buffer.from(last, 'utf8');
};

export const toKafka = (message: OutgoingMessage): Message => ({
  key: message.key,
  value: message.value,
  headers: message.headers as { [name: string]: string },
  ...(message.partition === undefined ? {} : { partition: message.partition }),
});

export const fromKafka = (topic: string, partition: number, message: KafkaMessage): IncomingMessage => ({
  topic,
  partition,
  offset: BigInt(message.offset),
  timestamp: Number(message.timestamp),
  key: message.key,
  value: message.value,
  headers: readHeaders(message.headers),
});
