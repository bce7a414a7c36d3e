import type { DatabaseSettings } from '@millrace/postgres';
import type { TopicNames } from '@millrace/protocol';
import { type EnvironmentSpec, variable, whole } from '@millrace/service-runtime';
import { HistoryTables1763700000000 } from './migrations/1763700000000-history-tables';
import { CommandsAndOrder1764000000000 } from './migrations/1764000000000-commands-and-order';
import { Contracts1770000100000 } from './migrations/1770000100000-contracts';
import { Quarantine1771000000000 } from './migrations/1771000000000-quarantine';

export const HISTORY_SCHEMA = 'history';
/** Where `rebuild` projects to unless told otherwise. */
export const REBUILD_SCHEMA = 'history_rebuild';

export const HISTORY_MIGRATIONS = [
  HistoryTables1763700000000,
  CommandsAndOrder1764000000000,
  Contracts1770000100000,
  Quarantine1771000000000,
];

/** `url` of the database; each schema is a history of its own. */
export const historyDatabase = (url: string, schema: string = HISTORY_SCHEMA): DatabaseSettings => ({
  url,
  schema,
  applicationName: 'millrace-audit-projector',
  migrations: HISTORY_MIGRATIONS,
});

/** Every topic that the history is made from. */
export const historyTopics = (topics: TopicNames, modules: readonly string[]): string[] => [
  topics.deliveryLog,
  ...modules.map((module) => topics.events(module)),
  topics.eventsRejected,
  topics.signalsRejected,
];

export interface HistorySettings {
  /** Days of deliveries and events that the history keeps; the topics keep 35. */
  readonly historyDays: number;
}

export const historyEnvironment: EnvironmentSpec<HistorySettings> = {
  historyDays: variable('MILLRACE_HISTORY_DAYS', 'a number of days from 1 to 3650', whole(1, 3650, 35)),
};
