import { createLogger } from '@millrace/telemetry';
import { readLaunchSettings } from '../launch.config';
import { provisionTopics } from './provision';

/** One-shot setup for containers: makes the topics, says how many, and ends. */
const logger = createLogger('setup');
const { kafka, topicPrefix, partitions, extraModules } = readLaunchSettings(process.env, []);
if (kafka.kind !== 'external') {
  logger.error({}, 'MILLRACE_KAFKA_BROKERS is not set');
  process.exitCode = 1;
} else {
  provisionTopics({ brokers: kafka.brokers, prefix: topicPrefix, partitions, extraModules }, logger).then(
    (topics) => logger.info({ topics }, 'topics are as they should be'),
    (error: Error) => {
      logger.error({ err: error }, 'topics could not be made');
      process.exitCode = 1;
    },
  );
}
