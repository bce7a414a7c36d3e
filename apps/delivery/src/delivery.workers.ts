import { randomUUID } from 'node:crypto';
import type { EncryptionKey } from '@millrace/domain';
import type { KafkaConnection } from '@millrace/kafka';
import { topicNames } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { WebhookClient } from '@millrace/webhook-client';
import type { DeliverySettings } from './delivery.config';
import { EndpointDirectory } from './directory/endpoint-directory';
import { SigningKeys } from './directory/signing-keys';
import { TenantDirectory } from './directory/tenant-directory';
import { DeliveryLogPublisher } from './dispatch/delivery-log.publisher';
import { DispatchConsumer } from './dispatch/dispatch.consumer';
import { Dispatcher } from './dispatch/dispatcher';
import { FanOutConsumer } from './fan-out/fan-out.consumer';
import { FanOutHandler } from './fan-out/fan-out.handler';
import { TierMover } from './retry/tier-mover.consumer';
import { PersistentSender } from './sending/persistent-sender';

export interface DeliveryWorkersInput {
  readonly settings: DeliverySettings;
  readonly topicPrefix: string;
  readonly partitions: number;
  readonly modules: readonly string[];
  readonly encryptionKey: EncryptionKey;
  readonly insecureEndpoints: 'allow' | 'deny';
  readonly timeScale: number;
  readonly kafka: KafkaConnection;
  readonly logger: Logger;
}

/** Deliveries that the owner of an endpoint remembers, to tell repeats. */
const SEEN_CAPACITY = 200_000;
const WINDOW = { recordsPerPartition: 1_000, bytes: 128 * 1024 * 1024 };

/**
 * The whole of the delivery service, put together on one page. The order is the order of starting: the directories first,
 * so that nothing is matched against a stale view, then the roles; it is stopped in reverse.
 */
export const deliveryWorkers = (input: DeliveryWorkersInput): KafkaWorker[] => {
  const { settings, kafka, logger, partitions, timeScale } = input;
  const topics = topicNames(input.topicPrefix);
  const now = () => Date.now();
  const group = (role: string) => `${input.topicPrefix}${role}`;
  const does = (role: DeliverySettings['roles'][number]) => settings.roles.includes(role);
  const directory = new EndpointDirectory(kafka, topics, logger);
  const workers: KafkaWorker[] = [directory];

  if (does('dispatch')) {
    const tasks = new PersistentSender(kafka.producer('dispatch-tasks'), logger);
    const facts = new PersistentSender(kafka.producer('dispatch-log'), logger);
    const client = new WebhookClient({ insecure: input.insecureEndpoints });
    const dispatcher = new Dispatcher(
      {
        lanes: {
          perEndpoint: settings.endpointConcurrency,
          queuePerEndpoint: settings.endpointQueue,
          total: settings.maxInFlight,
        },
        timeScale,
        topics,
        seenCapacity: SEEN_CAPACITY,
      },
      {
        directory: { get: (id) => directory.index.get(id), caughtUp: () => directory.caughtUp() },
        keys: new SigningKeys(input.encryptionKey),
        client,
        tasks,
        log: new DeliveryLogPublisher(facts, topics.deliveryLog),
        now,
        random: Math.random,
        newRequestId: randomUUID,
      },
      logger,
    );
    workers.push(
      new DispatchConsumer(
        kafka,
        { topics, groupId: group('dispatch'), window: WINDOW },
        dispatcher,
        [tasks, facts],
        client,
        logger,
      ),
    );
  }

  if (does('retry')) {
    const messages = new PersistentSender(kafka.producer('retry'), logger);
    workers.push(
      new TierMover(kafka, { topics, timeScale, groupId: group('retry'), partitions }, { messages, now }, logger),
    );
  }

  if (does('fan-out')) {
    const tenants = new TenantDirectory(kafka, topics);
    const messages = new PersistentSender(kafka.producer('fan-out'), logger);
    const handler = new FanOutHandler(
      { topics, partitions, timeScale },
      {
        directory: { match: (event) => directory.index.match(event), caughtUp: () => directory.caughtUp() },
        tenants,
        messages,
        now,
      },
      logger,
    );
    workers.push(
      tenants,
      new FanOutConsumer(kafka, group('fan-out'), input.modules.map(topics.events), handler, messages, logger),
    );
  }
  return workers;
};
