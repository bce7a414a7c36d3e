import { randomBytes } from 'node:crypto';
import { compileSchema, EventRules } from '@millrace/event-schema';
import type { DurableProducer } from '@millrace/kafka';
import { builtInEventType } from '@millrace/protocol';
import {
  type KafkaWorker,
  type ServiceContext,
  type ServiceDefinition,
  WrongSettings,
} from '@millrace/service-runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { AuditLogController } from './audit-log/audit-log.controller';
import { CONFIGURATION } from './configuration';
import { IdempotencyKeys } from './idempotency/idempotency-keys';
import { type MachineIngestSettings, machineIngestEnvironment, machineTwice } from './machine-ingest.config';
import { tellings } from './machine-ingest.told';
import { LastSignals } from './machines/last-signals';
import { MachineDirectory } from './machines/machine-directory';
import { MachineSignals } from './machines/machine-signals';
import { MachineSignalsPublisher } from './machines/machine-signals.publisher';
import { MachinesController } from './machines/machines.controller';
import { StoredSignals } from './machines/stored-signals';
import { UnwrittenSignals } from './machines/unwritten-signals';
import { MappingDirectory } from './mappings/mapping-directory';
import { MappingsController } from './mappings/mappings.controller';
import { TryMapping } from './mappings/try-mapping.handler';
import { COMPILED_WORKER } from './mappings/work/open-mapping-work';
import { AcceptEventsHandler } from './publication/accept-events.handler';
import { eventTrace } from './publication/event-trace';
import { EventsController } from './publication/events.controller';
import { DELIVERY_TIMEOUT_MS, KafkaEventPublisher } from './publication/kafka-event.publisher';
import { environmentSources } from './signal-intake/environment-sources';
import { AcceptSignalsHandler } from './signal-intake/http/accept-signals.handler';
import { IntakeBudget } from './signal-intake/http/intake-budget';
import { HTTP_SOURCES } from './signal-intake/http/push/http-source-directory';
import { MessagesController } from './signal-intake/http/push/messages.controller';
import { ReceiveMessageHandler } from './signal-intake/http/push/receive-message.handler';
import { SignedBudget } from './signal-intake/http/push/signed-budget';
import { SignalsController } from './signal-intake/http/signals.controller';
import { type RegisteredKind, SourceRegistry } from './signal-intake/source-registry';
import { SourceDirectory } from './signal-intake/source-views';
import { sourceIntake } from './source-intake';
import { sourceKinds } from './source-kinds';
import { SourceKindsController } from './sources/source-kinds.controller';
import { SourcesController } from './sources/sources.controller';
import { TranslationConsumer } from './translation/translation.consumer';
import { tellTranslation } from './translation/translation-metrics';

@Module({})
class MachineIngestModule {}

/** While Kafka does not answer, requests are held to the rules as they were known last. */
const RULES_WITHIN_MS = 2_000;

type Context = ServiceContext<MachineIngestSettings>;

/**
 * What runs in this process:
 *
 *   HTTP  → AcceptEvents, AcceptSignals → `events.<module>`, `signals`
 *   sources whose partitions are ours → `signals`: see source-intake.ts
 *   `signals` → translation → `events.<module>`, `machine-state`
 *   what was heard last → `machine-signals` → GET /v1/machines/:id/signals
 *   `machine-state` → directory → GET /v1/machines, and what a new owner goes on from
 */
export const machineIngestModule = (
  context: Context,
  kinds: readonly RegisteredKind[],
  worker: string | null,
): DynamicModule => {
  const { kafka, topics, logger, workers } = context;
  const told = tellings(logger);
  const requests = kafka.producer('requests', { deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
  const translated = kafka.producer('translation');
  const publisher = new KafkaEventPublisher(requests);

  const directory = new MachineDirectory();
  const view = kafka.compactedView({ topic: topics.machineState, onMessage: (message) => directory.apply(message) });

  const rules = new EventRules((what) =>
    logger.error(what, 'an event rule cannot be used; the events go on without it'),
  );
  const rulesView = kafka.compactedView({ topic: topics.eventRules, onMessage: (message) => rules.apply(message) });

  const stored = new StoredSignals();
  const signalsView = kafka.compactedView({
    topic: topics.machineSignals,
    onMessage: (message) => stored.apply(message),
  });
  const heard = new LastSignals((key) => stored.of(key));
  const heardPublisher = new MachineSignalsPublisher(heard, translated, topics.machineSignals, logger);
  const unwritten = new UnwrittenSignals({ kafka, topic: topics.signals, directory, stored, last: heard, logger });

  const mappings = new MappingDirectory(logger);
  const mappingsView = kafka.compactedView({
    topic: topics.mappings,
    onMessage: (message) => mappings.apply(message),
  });
  const twice = machineTwice(context.own);
  if (twice !== null)
    throw new WrongSettings([
      `MILLRACE_SHDR_SOURCES and MILLRACE_MTCONNECT_RECORDINGS both name the machine ${twice}.`,
    ]);
  const machineSignals = new MachineSignals({
    live: heard,
    stored,
    directory,
    mappings: (tenant) => mappings.of(tenant),
    clock: Date.now,
  });
  const intake = sourceIntake(context, kinds, environmentSources(context.own), worker, {
    heard: machineSignals,
    directory,
  });
  const translation = new TranslationConsumer({
    consumer: (options) => kafka.windowedConsumer(options),
    producer: translated,
    directory,
    directoryCaughtUp: async () => {
      await Promise.all([view.waitForEnd(), signalsView.waitForEnd()]);
    },
    topics,
    mappings: (tenant) => mappings.of(tenant),
    mappingsCaughtUp: () => mappingsView.waitForEnd(),
    heard: (signal, message) => heard.hear(signal, message),
    clock: Date.now,
    logger,
    onOwnership: async (gained, lost) => {
      await Promise.all([intake.runner.changeOwnership(gained, lost), heardPublisher.release(lost)]);
      await unwritten.hear(gained);
    },
    livesNow: (tenant, machine) => !intake.recorded.has(tenant, machine),
    told: {
      translated: (event) => told.accepted('signal', event),
      refused: (code, detail) => told.refused(topics.signals, code, detail),
      ruleFailed: ({ isNew, ...failed }) => told.ruleFailed(failed, isNew),
    },
  });

  tellTranslation(() => translation.readings());
  mappings.onCame = () => translation.mappingsCame();
  workers.add('mappings', 'views', {
    start: () => mappingsView.start(),
    stop: () => mappingsView.close(),
    health: () => mappingsView.health(),
  });
  workers.add('machine signals', 'views', {
    start: () => signalsView.start(),
    stop: () => signalsView.close(),
    health: () => signalsView.health(),
  });
  workers.add('machine states', 'views', {
    start: () => view.start(),
    stop: () => view.close(),
    health: () => view.health(),
  });
  workers.add('event rules', 'views', {
    start: () => rulesView.start(),
    stop: () => rulesView.close(),
    health: () => rulesView.health(),
  });
  for (const [name, producer] of Object.entries({ requests, translation: translated }))
    workers.add(`producer ${name}`, 'publishers', producerWorker(producer));
  workers.add('translation', 'consumers', {
    start: () => {
      heardPublisher.start();
      return translation.start();
    },
    stop: async (drainMs) => {
      await intake.runner.stop();
      await translation.stop(drainMs);
      await heardPublisher.stop();
    },
    health: () => translation.health(),
  });
  context.readiness.add('kafka', () => kafka.ping());

  return {
    module: MachineIngestModule,
    controllers: [
      EventsController,
      SignalsController,
      MachinesController,
      SourcesController,
      SourceKindsController,
      MappingsController,
      AuditLogController,
      MessagesController,
    ],
    providers: [
      { provide: CONFIGURATION, useValue: intake.database },
      { provide: TryMapping, useValue: intake.trials },
      { provide: SourceDirectory, useValue: intake.directory },
      { provide: SourceRegistry, useValue: intake.registry },
      { provide: HTTP_SOURCES, useValue: intake.httpSources },
      { provide: IntakeBudget, useValue: new IntakeBudget() },
      { provide: SignedBudget, useValue: new SignedBudget() },
      {
        provide: ReceiveMessageHandler,
        useValue: new ReceiveMessageHandler({
          publisher,
          clock: Date.now,
          keys: new IdempotencyKeys(),
          topics,
          taken: intake.taken,
          checkBundle: compileSchema(builtInEventType('bundle.completed')!.schema),
          told: {
            received: (source, signals) => told.signals(source, signals),
            refused: (origin, code, detail) => told.refused(origin, code, detail),
            unfit: (source, path, detail) => told.unfit(source, path, detail),
            unavailable: (tenant, reason) => told.unavailable('message', tenant, reason),
          },
        }),
      },
      { provide: MachineDirectory, useValue: directory },
      {
        provide: MachineSignals,
        useValue: machineSignals,
      },
      {
        provide: AcceptEventsHandler,
        useValue: new AcceptEventsHandler({
          publisher,
          rules: {
            judge: (event) => rules.judge(event),
            caughtUp: () => within(RULES_WITHIN_MS, rulesView.waitForEnd()),
          },
          trace: eventTrace,
          clock: Date.now,
          random: randomBytes,
          keys: new IdempotencyKeys(),
          topicOf: topics.events,
          told: {
            accepted: (events) => {
              for (const event of events) told.accepted('http', event);
            },
            refused: (_tenant, code) => told.refused('http', code, 'POST /v1/events'),
            unavailable: (tenant, reason) => told.unavailable('events', tenant, reason),
          },
        }),
      },
      {
        provide: AcceptSignalsHandler,
        useValue: new AcceptSignalsHandler({
          publisher,
          clock: Date.now,
          keys: new IdempotencyKeys(),
          topic: topics.signals,
          told: {
            received: (source, signals) => told.signals(source, signals),
            unavailable: (tenant, reason) => told.unavailable('signals', tenant, reason),
          },
        }),
      },
    ],
  };
};

/**
 * @param kinds what sources can be; tests add their own
 * @param worker compiled program of the thread that works on mappings (see openMappingWork)
 */
export const machineIngest = (
  kinds: readonly RegisteredKind[],
  worker: string | null = COMPILED_WORKER,
): ServiceDefinition<MachineIngestSettings> => ({
  name: 'machine-ingest',
  needs: ['database', 'secrets'],
  environment: machineIngestEnvironment,
  module: (context) => machineIngestModule(context, kinds, worker),
});

export const machineIngestService = machineIngest(sourceKinds());

/** Resolves with the work, or when the time is over. */
const within = async (ms: number, work: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, over]).finally(() => clearTimeout(timer));
};

const producerWorker = (producer: DurableProducer): KafkaWorker => ({
  start: () => producer.connect(),
  stop: () => producer.close(),
  health: () => ({ alive: true, reason: null }),
});
