import { Kafka, logLevel } from 'kafkajs';
import type { KafkaSettings } from '../kafka-settings';
import { quietIdleConnections } from './idle-timer';
import { kafkajsLog, type LogWatch } from './kafkajs-log';

export interface ClientTuning {
  /** kafkajs' own retries of one request; ours lie around them. */
  readonly retries: number;
  readonly requestTimeoutMs?: number;
  readonly watch?: LogWatch;
}

/**
 * A kafkajs client. Every producer and consumer gets its own: clients of one `Kafka` object share the committed offsets by
 * group, so a second consumer of a group would clear those of the first.
 *
 * All retry settings are given, because kafkajs has other defaults when it runs under a test runner.
 */
export const createClient = (settings: KafkaSettings, tuning: ClientTuning): Kafka => {
  quietIdleConnections();
  return new Kafka({
    brokers: settings.brokers,
    clientId: settings.clientId,
    connectionTimeout: 3_000,
    requestTimeout: tuning.requestTimeoutMs ?? 30_000,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, factor: 0.2, multiplier: 2, retries: tuning.retries },
    logLevel: logLevel.WARN,
    logCreator: kafkajsLog(settings.logger, tuning.watch),
  });
};
