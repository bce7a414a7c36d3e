import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableProducer } from '@millrace/kafka';
import { CheckpointStore, DATABASE, type Database } from '@millrace/postgres';
import { COMMAND_LIMITS } from '@millrace/protocol';
import { type KafkaWorker, type ServiceContext, serviceDatabase } from '@millrace/service-runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { CommandPublisher } from './commands/command.publisher';
import { CommandPace } from './commands/command-pace';
import { CommandTargets } from './commands/command-target.store';
import { DeliveryCommandsController } from './commands/delivery-commands.controller';
import { DeliveryCommands } from './commands/delivery-commands.handler';
import { ManyCommands } from './commands/many-commands.handler';
import { EclipsDeliveriesController } from './compatible-apis/eclips-deliveries.controller';
import { EclipseExportEventsController } from './compatible-apis/eclipse-export-events.controller';
import { MesLogsController } from './compatible-apis/mes-logs.controller';
import { ProignDeliveriesController } from './compatible-apis/proign-deliveries.controller';
import { FilterTestController } from './filter-test/filter-test.controller';
import { FilterTest } from './filter-test/filter-test.handler';
import { LatestEvents } from './filter-test/stored-events.store';
import { HeldKeysController } from './held-keys/held-keys.controller';
import { HeldKeys } from './held-keys/held-keys.handler';
import { HeldKeyReader } from './held-keys/held-keys.store';
import { HISTORY_MIGRATIONS, HISTORY_SCHEMA, type HistorySettings, historyTopics } from './history.config';
import { CursorSeal } from './history-api/cursor';
import { DeliveriesController } from './history-api/deliveries.controller';
import { DeliveryHistory } from './history-api/delivery-history.handler';
import { EventLogController } from './history-api/event-log.controller';
import { EventLog } from './history-api/event-log.handler';
import { HistoryReader } from './history-api/history-reader.store';
import { DayPartitions } from './projector/day-partitions.store';
import { HistoryRetention } from './projector/history-retention';
import { Projection } from './projector/projection';
import { ProjectorConsumer } from './projector/projector.consumer';
import { QuarantineController } from './quarantine/quarantine.controller';
import { QuarantineReader } from './quarantine/quarantine.store';
import { QuarantineList } from './quarantine/quarantine-list.handler';
import { Redrive } from './quarantine/redrive.handler';

@Module({})
class AuditProjectorModule {}

/** A command that Kafka has not taken by then is answered 503, and the client may ask again. */
const COMMAND_TIMEOUT_MS = 5_000;

/**
 * The parts of the service: the projector, which writes; the history API, which reads; and the commands, which decide upon
 * what was read and are carried out by the endpoint's owner.
 */
export const auditProjectorModule = (context: ServiceContext<HistorySettings>): DynamicModule => {
  const { settings, own, logger, kafka, topics, workers } = context;
  const projector = [
    { provide: CheckpointStore, inject: [DATABASE], useFactory: (database: Database) => new CheckpointStore(database) },
    { provide: DayPartitions, inject: [DATABASE], useFactory: (database: Database) => new DayPartitions(database) },
    {
      provide: Projection,
      inject: [DATABASE, CheckpointStore, DayPartitions],
      useFactory: (database: Database, checkpoints: CheckpointStore, days: DayPartitions) =>
        new Projection(database, checkpoints, days, topics),
    },
    {
      provide: ProjectorConsumer,
      inject: [Projection, CheckpointStore],
      useFactory: (projection: Projection, checkpoints: CheckpointStore) => {
        const consumer = new ProjectorConsumer(
          kafka,
          projection,
          checkpoints,
          { groupId: `${settings.topicPrefix}audit-projector`, topics: historyTopics(topics, settings.modules) },
          logger,
        );
        workers.add('projector', 'consumers', consumer);
        return consumer;
      },
    },
    {
      provide: HistoryRetention,
      inject: [DATABASE, DayPartitions],
      useFactory: (database: Database, days: DayPartitions) => {
        const retention = new HistoryRetention(database, days, own.historyDays, Date.now, logger);
        workers.add('history retention', 'consumers', retention);
        return retention;
      },
    },
  ];
  const historyApi = [
    { provide: HistoryReader, inject: [DATABASE], useFactory: (database: Database) => new HistoryReader(database) },
    { provide: CursorSeal, useFactory: () => new CursorSeal(settings.encryptionKey) },
    {
      provide: DeliveryHistory,
      inject: [HistoryReader, CursorSeal],
      useFactory: (reader: HistoryReader, seal: CursorSeal) => new DeliveryHistory(reader, seal),
    },
    {
      provide: EventLog,
      inject: [HistoryReader, CursorSeal],
      useFactory: (reader: HistoryReader, seal: CursorSeal) => new EventLog(reader, seal),
    },
  ];
  const producer = kafka.producer('commands', { deliveryTimeoutMs: COMMAND_TIMEOUT_MS });
  workers.add('commands producer', 'publishers', producerWorker(producer));
  const publisher = new CommandPublisher(producer, topics.deliveries, settings.partitions);
  const pace = new CommandPace(COMMAND_LIMITS.perSecond, Date.now, sleep);
  const commands = [
    { provide: CommandTargets, inject: [DATABASE], useFactory: (database: Database) => new CommandTargets(database) },
    {
      provide: HeldKeys,
      inject: [DATABASE, CursorSeal],
      useFactory: (database: Database, seal: CursorSeal) => new HeldKeys(new HeldKeyReader(database), seal),
    },
    {
      provide: DeliveryCommands,
      inject: [CommandTargets, HeldKeys],
      useFactory: (targets: CommandTargets, heldKeys: HeldKeys) =>
        new DeliveryCommands(targets, heldKeys, publisher, Date.now, randomBytes, logger),
    },
    {
      provide: ManyCommands,
      inject: [CommandTargets],
      useFactory: (targets: CommandTargets) =>
        new ManyCommands(targets, publisher, pace, Date.now, randomBytes, logger),
    },
    {
      provide: FilterTest,
      inject: [DATABASE],
      useFactory: (database: Database) => new FilterTest(new LatestEvents(database), () => performance.now()),
    },
  ];
  const records = kafka.recordReader();
  workers.add('quarantine reader', 'publishers', {
    start: async () => {},
    stop: () => records.close(),
    health: () => ({ alive: true, reason: null }),
  });
  const redriven = { names: topics, modules: settings.modules };
  const quarantine = [
    {
      provide: QuarantineReader,
      inject: [DATABASE],
      useFactory: (database: Database) => new QuarantineReader(database),
    },
    {
      provide: QuarantineList,
      inject: [QuarantineReader, CursorSeal],
      useFactory: (reader: QuarantineReader, seal: CursorSeal) => new QuarantineList(reader, seal, redriven),
    },
    {
      provide: Redrive,
      inject: [QuarantineReader],
      useFactory: (reader: QuarantineReader) =>
        new Redrive({ reader, records, producer, topics: redriven, now: Date.now, logger }),
    },
  ];
  return {
    module: AuditProjectorModule,
    imports: [serviceDatabase({ schema: HISTORY_SCHEMA, migrations: HISTORY_MIGRATIONS, idempotency: true })],
    controllers: [
      DeliveriesController,
      DeliveryCommandsController,
      EclipsDeliveriesController,
      EclipseExportEventsController,
      EventLogController,
      FilterTestController,
      HeldKeysController,
      MesLogsController,
      ProignDeliveriesController,
      QuarantineController,
    ],
    providers: [...projector, ...historyApi, ...commands, ...quarantine],
  };
};

const producerWorker = (producer: DurableProducer): KafkaWorker => ({
  start: () => producer.connect(),
  stop: () => producer.close(),
  health: () => ({ alive: true, reason: null }),
});
