import { randomUUID } from 'node:crypto';
import type { DurableProducer } from '@millrace/kafka';
import { partitionOfKey, withoutOriginal, withoutResponses } from '@millrace/protocol';
import type { ServiceContext } from '@millrace/service-runtime';
import { checkDestination, WebhookClient } from '@millrace/webhook-client';
import type { DeliveryRole, DeliverySettings } from './delivery.config';
import { EndpointDirectory } from './directory/endpoint-directory';
import { SigningKeys } from './directory/signing-keys';
import { TenantDirectory } from './directory/tenant-directory';
import { DeliveryLogPublisher } from './dispatch/delivery-log.publisher';
import { DispatchConsumer } from './dispatch/dispatch.consumer';
import { Dispatcher } from './dispatch/dispatcher';
import { EventRuleView } from './fan-out/event-rule.view';
import { FanOutConsumer } from './fan-out/fan-out.consumer';
import { FanOutHandler } from './fan-out/fan-out.handler';
import { DispatchStatePublisher } from './parking/dispatch-state.publisher';
import { DispatchStateView } from './parking/dispatch-state.view';
import { EndpointHealthPublisher } from './parking/endpoint-health.publisher';
import { EndpointHealthView } from './parking/endpoint-health.view';
import { ParkedRecords } from './parking/parked-records.reader';
import { JOB_LIMITS } from './recovery/recovery.ports';
import { RecoveryRunner } from './recovery/recovery.runner';
import { BrokerClock } from './retry/broker-clock';
import { TierMover } from './retry/tier-mover.consumer';
import { PersistentSender } from './sending/persistent-sender';

/** Deliveries that the owner of an endpoint remembers, to tell repeats. */
const SEEN_CAPACITY = 200_000;
/** A lane that would make new work wait longer turns it away, and gives back what it took when it was quicker. */
const LONGEST_LANE_WAIT_MS = 2_000;
/**
 * Requests in flight of an endpoint at first; more while it keeps up, fewer when it does not. Few: an endpoint that hangs holds
 * so many places until its time-out, and with 8 each thirty such endpoints held all that a tenant has.
 */
const FIRST_CONCURRENCY = 4;
/** Of all places, those that retries may have at one time while they are many. */
const RETRY_SHARE = 0.25;
const WINDOW = { recordsPerPartition: 1_000, bytes: 128 * 1024 * 1024 };

/** The whole of the delivery service, put together on one page. Views start before what publishes, and that before what consumes. */
export const addDeliveryWorkers = ({
  settings,
  own,
  kafka,
  topics,
  workers,
  logger,
}: ServiceContext<DeliverySettings>): void => {
  const { partitions, timeScale } = settings;
  const now = () => Date.now();
  const group = (role: DeliveryRole) => `${settings.topicPrefix}${role}`;
  const does = (role: DeliveryRole) => own.roles.includes(role);
  const sender = (name: string, reduced = withoutOriginal) => {
    const producer = kafka.producer(name);
    workers.add(`${name} producer`, 'publishers', producerWorker(producer));
    return new PersistentSender(producer, logger.child({ producer: name }), reduced);
  };
  const directory = new EndpointDirectory(kafka, topics, logger);
  workers.add('endpoint directory', 'views', directory);
  const rules = new EventRuleView(kafka, topics, logger);
  if (does('dispatch') || does('fan-out')) workers.add('event rules', 'views', rules);

  const clock = BrokerClock.over(kafka, topics.clock, logger);
  if (does('dispatch') || does('retry')) workers.add('broker clock', 'publishers', clock);

  if (does('dispatch')) {
    const tasks = sender('dispatch-tasks');
    const facts = sender('dispatch-log', withoutResponses);
    const client = new WebhookClient({
      insecure: settings.insecureEndpoints,
      ownHosts: settings.ownHosts,
      // For operators alone; the dispatcher counts the refusal and tells whose it was.
      onBlocked: (blocked) => logger.warn(blocked, 'what a refused destination stands for'),
    });
    const stateSender = sender('dispatch-state');
    const writer = randomUUID();
    const stateView = new DispatchStateView(kafka, topics.dispatchState, writer, logger);
    const healthView = new EndpointHealthView(kafka, topics.endpointHealth, partitions);
    const state = new DispatchStatePublisher(stateSender, topics.dispatchState, writer);
    const health = new EndpointHealthPublisher(stateSender, topics.endpointHealth);
    const records = new ParkedRecords(kafka.recordReader(), topics.deliveries);
    const dispatcher: Dispatcher = new Dispatcher(
      {
        lanes: {
          perEndpoint: own.endpointConcurrency,
          initial: FIRST_CONCURRENCY,
          queuePerEndpoint: own.endpointQueue,
          queueAtAnyPace: WINDOW.recordsPerPartition / 4,
          longestWaitMs: LONGEST_LANE_WAIT_MS,
          perTenant: own.tenantConcurrency,
          total: own.maxInFlight,
          totalBytes: own.maxInFlightBytes,
        },
        timeScale,
        topics,
        seenCapacity: SEEN_CAPACITY,
        retriesAtOnce: Math.max(1, Math.floor(own.maxInFlight * RETRY_SHARE)),
      },
      {
        state,
        health,
        records,
        position: (partition) => dispatch.position(partition),
        directory: { get: (id) => directory.index.get(id), caughtUp: () => directory.caughtUp() },
        keys: new SigningKeys(settings.encryptionKey),
        client,
        tasks,
        log: new DeliveryLogPublisher(facts, topics.deliveryLog),
        now: believedNow(clock),
        ticks: () => performance.now(),
        random: Math.random,
        newRequestId: randomUUID,
      },
      logger,
    );
    const dispatch = new DispatchConsumer(
      kafka,
      { topics, groupId: group('dispatch'), window: WINDOW },
      {
        dispatcher,
        stateView,
        healthView,
        state,
        health,
        records,
        senders: [tasks, facts, stateSender],
        client,
      },
      logger,
    );
    workers.add('dispatch state', 'views', stateView);
    workers.add('endpoint health', 'views', healthView);
    workers.add('dispatch', 'consumers', dispatch);
    const recoveries = sender('recovery');
    workers.add(
      'recovery',
      'consumers',
      new RecoveryRunner(
        kafka,
        { topics, modules: settings.modules, partitions, timeScale, limits: JOB_LIMITS },
        {
          ownership: dispatch,
          directory: { get: (id) => directory.index.get(id), caughtUp: () => directory.caughtUp() },
          rules,
          parkedOf: (id) => dispatcher.endpoints.parkedOf(id, partitionOfKey(id, partitions)),
          messages: recoveries,
          now,
          ticks: () => performance.now(),
        },
        logger,
      ),
    );
  }

  if (does('retry')) {
    const messages = sender('retry');
    workers.add(
      'retry',
      'consumers',
      new TierMover(kafka, { topics, timeScale, groupId: group('retry'), partitions }, { messages, clock }, logger),
    );
  }

  if (does('fan-out')) {
    const tenants = new TenantDirectory(kafka, topics);
    const messages = sender('fan-out');
    const handler = new FanOutHandler(
      { topics, partitions, timeScale },
      {
        directory: {
          match: (event) => directory.index.match(event),
          runUrlsOf: (tenant) => directory.index.runUrlsOf(tenant),
          caughtUp: () => directory.caughtUp(),
        },
        checkDestination: (url) =>
          checkDestination(url, { insecure: settings.insecureEndpoints, ownHosts: settings.ownHosts }),
        rules,
        tenants,
        messages,
        now,
      },
      logger,
    );
    workers.add('tenant directory', 'views', tenants);
    workers.add(
      'fan-out',
      'consumers',
      new FanOutConsumer(kafka, group('fan-out'), settings.modules.map(topics.events), handler, messages, logger),
    );
  }
};

/** How long a look at the clocks is good for; in between the monotonic clock alone tells. */
const LOOK_AT_CLOCKS_MS = 20;

/** Unix ms by the broker's clock, for the many who ask in one turn. */
const believedNow = (clock: Pick<BrokerClock, 'now'>): (() => number) => {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let believed = 0;
  return () => {
    const ticks = performance.now();
    if (ticks - lookedAt > LOOK_AT_CLOCKS_MS) {
      lookedAt = ticks;
      believed = clock.now();
    }
    return Math.floor(believed + ticks - lookedAt);
  };
};

/** A producer as the runtime sees it: connected before the consumers start, closed after they have stopped. */
const producerWorker = (producer: DurableProducer) => ({
  start: () => producer.connect(),
  stop: () => producer.close(),
  health: () => ({ alive: true, reason: null }),
});
