import { CheckpointStore, DATABASE, type Database } from '@millrace/postgres';
import { type ServiceContext, serviceDatabase } from '@millrace/service-runtime';
import { type DynamicModule, Module } from '@nestjs/common';
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

@Module({})
class AuditProjectorModule {}

/** The two halves of the service: the projector, which writes, and the history API, which reads. */
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
  return {
    module: AuditProjectorModule,
    imports: [serviceDatabase({ schema: HISTORY_SCHEMA, migrations: HISTORY_MIGRATIONS })],
    controllers: [DeliveriesController, EventLogController],
    providers: [...projector, ...historyApi],
  };
};
