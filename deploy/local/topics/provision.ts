import { KafkaConnection } from '@millrace/kafka';
import { DEFAULT_PARTITIONS, EVENT_MODULES, type TopicSpec, topicSpecs } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';

export interface TopicPlan {
  readonly brokers: string[];
  readonly prefix: string;
  /** Null: the default. */
  readonly partitions: number | null;
  /** Modules of the site, beside the catalogue's. */
  readonly extraModules: readonly string[];
}

export const plannedTopics = (plan: TopicPlan): TopicSpec[] =>
  topicSpecs({
    prefix: plan.prefix,
    partitions: plan.partitions ?? DEFAULT_PARTITIONS,
    replicationFactor: 1,
    modules: [...new Set([...EVENT_MODULES, ...plan.extraModules])],
  });

/** Makes what is missing of the schedule in libs/protocol; answers how many topics it has. */
export const provisionTopics = async (plan: TopicPlan, logger: Logger): Promise<number> => {
  const specs = plannedTopics(plan);
  const connection = new KafkaConnection({ brokers: plan.brokers, clientId: 'millrace-setup', logger });
  try {
    await connection.provisionTopics(specs, 1);
  } finally {
    await connection.close();
  }
  return specs.length;
};
