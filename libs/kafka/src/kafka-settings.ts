import type { Logger } from '@millrace/telemetry';

export interface KafkaSettings {
  /** `host:port` of some brokers of the cluster. */
  readonly brokers: string[];
  readonly clientId: string;
  readonly logger: Logger;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** `alive: false` asks for a restart of the process. A `reason` beside `alive: true` is trouble that may pass by itself. */
export interface KafkaHealth {
  readonly alive: boolean;
  readonly reason: string | null;
}
