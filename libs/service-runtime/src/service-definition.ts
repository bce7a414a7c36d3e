import type { KafkaConnection } from '@millrace/kafka';
import type { TopicNames } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { DynamicModule, Type } from '@nestjs/common';
import type { ApiKeyDirectory } from './auth/api-key-directory';
import type { EnvironmentSpec } from './config/environment';
import type { Need, ServiceSettings } from './config/service.config';
import type { ReadinessChecks } from './health/readiness-checks';
import type { WorkerRegistry } from './workers/worker-registry';

/** One service: what its `main.ts` hands to startService. */
export interface ServiceDefinition<Own extends object = Record<never, never>> {
  /** `machine-ingest`, …: in logs, metrics and traces, and the Kafka client id. */
  readonly name: string;
  /** Settings that this service cannot do without, beside Kafka. */
  readonly needs?: readonly Need[];
  /** Variables of this service alone. */
  readonly environment?: EnvironmentSpec<Own>;
  /** The application, or how to make it from what the runtime gives. */
  readonly module: Type | ((context: ServiceContext<Own>) => Type | DynamicModule);
}

/** What the runtime gives; the same stands ready for injection under the names of tokens.ts. */
export interface ServiceContext<Own extends object> {
  readonly name: string;
  readonly settings: ServiceSettings;
  readonly own: Own;
  readonly logger: Logger;
  readonly kafka: KafkaConnection;
  readonly topics: TopicNames;
  readonly apiKeys: ApiKeyDirectory;
  readonly workers: WorkerRegistry;
  readonly readiness: ReadinessChecks;
}

export interface RunningService {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly settings: ServiceSettings;
  /** Drains and ends; the same promise however often it is called. */
  stop(): Promise<void>;
}
