import { randomBytes } from 'node:crypto';
import type { EncryptionKey } from '@millrace/domain';
import { AuditLogStore, type Database, type OutboxRelay } from '@millrace/postgres';
import type { SourceRecord, TopicNames } from '@millrace/protocol';
import { configurationWriters, type LateDatabase, PageCursors } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { AuditEntryEntity } from './audit-log/audit-entry.entity';
import { INGEST_SCHEMA } from './machine-ingest.database';
import type { MachineDirectory } from './machines/machine-directory';
import { removalTransaction } from './machines/machine-removal.store';
import { RemoveMachine } from './machines/remove-machine.handler';
import { ActivateMapping } from './mappings/activate-mapping.handler';
import type { KnownWorlds } from './mappings/known-world';
import { MappingStore, mappingTransaction } from './mappings/mapping.store';
import type { MappingWork } from './mappings/work/mapping-work';
import type { SourceRegistry } from './signal-intake/source-registry';
import { ListSources } from './sources/list-sources';
import { SaveSource } from './sources/save-source.handler';
import type { SoleSources } from './sources/sole-sources';
import { SourceStore, sourceTransaction } from './sources/source.store';
import type { SourceTrial } from './sources/source-trial';
import type { SourceViews } from './sources/source-view';

export interface ConfigurationInput {
  readonly database: Database;
  readonly relay: Pick<OutboxRelay, 'waitPublished'>;
  readonly topics: TopicNames;
  readonly encryptionKey: EncryptionKey;
  readonly acknowledgeWithinMs: number;
  readonly logger: Logger;
  readonly registry: SourceRegistry;
  readonly trial: SourceTrial;
  readonly sole: SoleSources;
  readonly views: SourceViews;
  readonly work: MappingWork;
  readonly worlds: KnownWorlds;
  readonly machines: MachineDirectory;
  /** Sources of the service's environment. */
  readonly fixed: readonly SourceRecord[];
}

/** Everything that is done with the configuration of ingest, put together on one page. */
export const configuration = (input: ConfigurationInput) => {
  const { database, topics, encryptionKey, logger, registry, trial, sole, views } = input;
  const writer = configurationWriters({
    database,
    schema: INGEST_SCHEMA,
    relay: input.relay,
    encryptionKey,
    random: randomBytes,
    acknowledgeWithinMs: input.acknowledgeWithinMs,
  });
  const sources = new SourceStore(database);
  const cursors = new PageCursors(encryptionKey);
  return {
    cursors,
    auditLog: new AuditLogStore(database, AuditEntryEntity),
    mappings: new MappingStore(database),
    activateMapping: new ActivateMapping(writer(mappingTransaction), {
      topics,
      random: randomBytes,
      now: Date.now,
      logger,
      work: input.work,
      worlds: input.worlds,
    }),
    removeMachine: new RemoveMachine(writer(removalTransaction), {
      machines: input.machines,
      views,
      fixed: input.fixed,
      topics,
      random: randomBytes,
      now: Date.now,
      logger,
    }),
    listSources: new ListSources(sources, input.fixed, views, cursors),
    saveSource: new SaveSource(writer(sourceTransaction), sources, {
      registry,
      trial,
      sole,
      views,
      fixed: input.fixed,
      topics,
      encryptionKey,
      random: randomBytes,
      now: Date.now,
      logger,
    }),
  };
};

export type Configuration = ReturnType<typeof configuration>;

/** For injection: {@link LateDatabase} of {@link Configuration}. */
export const CONFIGURATION = Symbol('configuration');
export type LateConfiguration = Pick<LateDatabase<Configuration>, 'get'>;
