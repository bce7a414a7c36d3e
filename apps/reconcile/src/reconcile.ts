import type { KafkaConnection } from '@millrace/kafka';
import type { TopicNames } from '@millrace/protocol';
import { patientReader } from './reading/patient-reader';
import type { TopicReader } from './reading/read-span';
import type { ReconcileOptions } from './reconcile-options';
import { ReconcileRun } from './reconcile-run';
import type { Reconciliation } from './reconciliation';

/**
 * Checks that every delivery is accounted for, from the topics alone: no table, no committed offset, nothing that the services
 * keep for themselves. A running system can be checked: the ends are captured first, and what does not add up there is read on
 * until it does, or has stood for some seconds.
 *
 * @throws when the topics are missing or differ, the brokers cannot be reached, or the one endpoint asked for is unknown
 */
export const reconcile = async (
  kafka: Pick<KafkaConnection, 'recordReader'>,
  topics: TopicNames,
  options: ReconcileOptions = {},
): Promise<Reconciliation> => {
  const reader = kafka.recordReader();
  try {
    return await reconcileWith(patientReader(reader), topics, options);
  } finally {
    await reader.close();
  }
};

export const reconcileWith = async (
  reader: TopicReader,
  topics: TopicNames,
  options: ReconcileOptions,
): Promise<Reconciliation> => {
  const now = options.now ?? Date.now;
  const began = performance.now();
  const at = now();
  const run = new ReconcileRun(reader, topics, options, at);
  await run.start();
  await run.readAll();
  const passes = await run.settle();
  return run.result(passes, Math.round(performance.now() - began));
};
