import { setTimeout as delay } from 'node:timers/promises';
import { type DurableProducer, ProduceFailed } from '@millrace/kafka';
import { encodeRejection, type OutgoingMessage, type TopicNames, withoutOriginal } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

export interface TranslationWriterParts {
  readonly producer: Pick<DurableProducer, 'send'>;
  readonly topics: Pick<TopicNames, 'machineState' | 'signalsRejected'>;
  /** Unix ms. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly refused: (code: string, detail: string) => void;
}

/**
 * Brings what was folded to Kafka, in order, and tries until it is there. What no broker takes for its size would be tried
 * for ever, and with it all that lies behind it in the partition: it is looked for and set aside, and the rest goes on.
 */
export class TranslationWriter {
  constructor(private readonly parts: TranslationWriterParts) {}

  /** False when the partition was lost meanwhile, or the service stops: then nothing more is to be written for it. */
  async write(messages: readonly OutgoingMessage[], isLost: () => boolean): Promise<boolean> {
    if (messages.length === 0) return !isLost();
    switch (await this.send(messages, isLost)) {
      case 'stored':
        return true;
      case 'lost':
        return false;
      case 'too large': {
        const [first] = messages as [OutgoingMessage];
        if (messages.length === 1) return this.setAside(first, isLost);
        const half = Math.ceil(messages.length / 2);
        return (await this.write(messages.slice(0, half), isLost)) && (await this.write(messages.slice(half), isLost));
      }
    }
  }

  private async send(
    messages: readonly OutgoingMessage[],
    isLost: () => boolean,
  ): Promise<'stored' | 'lost' | 'too large'> {
    const { producer, logger, stopping } = this.parts;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      if (isLost() || stopping.aborted) return 'lost';
      try {
        await producer.send(messages);
        return 'stored';
      } catch (error) {
        if (error instanceof ProduceFailed && error.tooLarge) return 'too large';
        logger.warn({ error: (error as Error).message, waitMs: wait }, 'translation not stored, trying again');
        await delay(wait, undefined, { signal: stopping }).catch(() => undefined);
      }
    }
  }

  private async setAside(message: OutgoingMessage, isLost: () => boolean): Promise<boolean> {
    const { topics, clock, logger, refused } = this.parts;
    if (message.topic === topics.signalsRejected) {
      const smaller = withoutOriginal(message);
      if (smaller !== null && message.value?.length !== 0) return this.write([smaller], isLost);
      logger.error({ key: message.key }, 'not even the reason of a rejection fits its topic; it is left out');
      return true;
    }
    const bytes = message.value?.length ?? 0;
    const { code, detail } =
      message.topic === topics.machineState
        ? {
            code: 'state_too_large',
            detail: `Kafka does not take the state of ${message.key} (${bytes} bytes). Its events go on; after a restart it goes on from the last state that was stored. Take rules out of its mapping, or have them hold less.`,
          }
        : {
            code: 'event_too_large',
            detail: `Kafka does not take an event of ${message.key} (${bytes} bytes). Have the rule of its mapping put less into it.`,
          };
    logger.error({ topic: message.topic, key: message.key, bytes }, detail);
    refused(code, detail);
    const rejection = encodeRejection(topics.signalsRejected, this.origin(message), { code, detail }, clock());
    return this.write([rejection], isLost);
  }

  /** It never had a place in its topic; of a state, which nobody can send again, no bytes are kept. */
  private origin({ topic, key, value, headers }: OutgoingMessage): Parameters<typeof encodeRejection>[1] {
    const { topics, clock } = this.parts;
    return {
      topic,
      partition: -1,
      offset: -1n,
      timestamp: clock(),
      key: key === null ? null : Buffer.from(key),
      value: topic === topics.machineState ? Buffer.alloc(0) : value,
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    };
  }
}
