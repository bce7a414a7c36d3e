import { randomBytes, randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceRecord } from '@millrace/protocol';
import { ConfigurationRelay, LateDatabase, type ServiceContext } from '@millrace/service-runtime';
import { type Configuration, configuration } from './configuration';
import type { MachineIngestSettings } from './machine-ingest.config';
import { INGEST_SCHEMA, INGEST_TABLES } from './machine-ingest.database';
import type { MachineDirectory } from './machines/machine-directory';
import { type HeardMachines, KnownWorlds } from './mappings/known-world';
import { TryMapping } from './mappings/try-mapping.handler';
import { openMappingWork } from './mappings/work/open-mapping-work';
import { ConfiguredHttpSources } from './signal-intake/configured-http-sources';
import { TakenMessages } from './signal-intake/http/push/taken-messages';
import { RecordedMachines } from './signal-intake/recorded-machines';
import { sourceMetrics } from './signal-intake/source-metrics';
import { type RegisteredKind, SourceRegistry } from './signal-intake/source-registry';
import { SourceRunner } from './signal-intake/source-runner';
import { SourceDirectory, SourceStates, unownedSources } from './signal-intake/source-views';
import { ReachGuard } from './source-reach/reach-guard';
import { SoleSources } from './sources/sole-sources';
import { SourceTrial } from './sources/source-trial';
import { SourceViews } from './sources/source-view';

type Context = ServiceContext<MachineIngestSettings>;

/** How long the try of a source may take, ms. */
const TRY_MS = 15_000;

/**
 * The sources that tenants configure, and what configures them:
 *
 *   /v1/sources → PostgreSQL with outbox → `sources` → runner on the holder of the partition → `signals`, `source-state`
 *
 * What runs needs Kafka alone. The workers that it adds end in the opposite order.
 */
export const sourceIntake = (
  context: Context,
  kinds: readonly RegisteredKind[],
  fixed: readonly SourceRecord[],
  worker: string | null,
  machines: { readonly heard: HeardMachines; readonly directory: MachineDirectory },
) => {
  const { kafka, topics, logger, settings, own, workers } = context;
  const registry = new SourceRegistry(kinds);
  const directory = new SourceDirectory(fixed);
  const states = new SourceStates();
  const views = {
    sources: kafka.compactedView({ topic: topics.sources, onMessage: (message) => directory.apply(message) }),
    'source states': kafka.compactedView({ topic: topics.sourceState, onMessage: (message) => states.apply(message) }),
  };
  const guard = new ReachGuard(
    {
      addresses: own.sourceAddresses,
      insecure: settings.insecureEndpoints,
      own: ownPlaces(context),
      folders: own.sourceFolders,
    },
    async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  );
  // Names of tenants and sources are plain words, so they are folders as they are.
  const stateFolder = own.sourceState ?? join(tmpdir(), 'millrace-sources');
  const folderOf = (tenant: string, name: string): string => join(stateFolder, tenant, name);
  const producer = kafka.producer('configured sources');
  const runner = new SourceRunner({
    registry,
    guard,
    directory,
    states,
    caughtUp: async () => {
      await Promise.all(Object.values(views).map((view) => view.waitForEnd()));
    },
    partitions: settings.partitions,
    producer,
    topics,
    encryptionKey: settings.encryptionKey,
    owner: `${hostname()}-${randomBytes(4).toString('hex')}`,
    folderOf,
    logger,
    clock: Date.now,
    random: Math.random,
    newId: randomUUID,
  });
  sourceMetrics.unowned(() => unownedSources(directory, states, Date.now()));
  const work = openMappingWork(worker);
  const httpSources = new ConfiguredHttpSources(directory, registry, settings.encryptionKey, () =>
    views.sources.waitForEnd(),
  );
  const worlds = new KnownWorlds({
    sources: directory,
    machines: machines.heard,
    caughtUp: () => httpSources.caughtUp(),
  });
  const sourceViews = new SourceViews(registry, states, settings.encryptionKey, Date.now);
  const database: LateDatabase<Configuration> = new LateDatabase({
    settings: {
      url: settings.databaseUrl,
      applicationName: `millrace-${INGEST_SCHEMA}`,
      ...INGEST_TABLES,
    },
    migrate: settings.migrations === 'run',
    logger,
    open: (connected) =>
      configuration({
        database: connected,
        relay,
        topics,
        encryptionKey: settings.encryptionKey,
        acknowledgeWithinMs: own.acknowledgeWithinMs,
        logger,
        registry,
        trial: new SourceTrial({ guard, folderOf, logger, withinMs: TRY_MS }),
        sole: new SoleSources(registry, directory, settings.encryptionKey),
        views: sourceViews,
        work,
        worlds,
        machines: machines.directory,
        fixed,
      }),
  });
  const relay = new ConfigurationRelay(
    kafka,
    // whoever reads the `$config` of a machine finds its mapping in Kafka
    {
      databaseUrl: settings.databaseUrl,
      schema: INGEST_SCHEMA,
      later: [topics.signals],
      whenReady: database.whenReady,
    },
    logger,
  );

  for (const [name, view] of Object.entries(views))
    workers.add(name, 'views', {
      start: () => view.start(),
      stop: () => view.close(),
      health: () => view.health(),
    });
  workers.add('work on mappings', 'views', {
    start: async () => undefined,
    stop: () => work.close(),
    health: () => ({ alive: true, reason: null }),
  });
  workers.add('configuration database', 'views', database);
  workers.add('producer configured sources', 'publishers', {
    start: () => producer.connect(),
    stop: () => producer.close(),
    health: () => ({ alive: true, reason: null }),
  });
  const taken = new TakenMessages({ producer, topic: topics.sourceState, clock: Date.now, logger });
  workers.add('counts of pushed sources', 'publishers', {
    start: async () => taken.start(),
    stop: () => taken.stop(),
    health: () => ({ alive: true, reason: null }),
  });
  workers.add('configuration relay', 'publishers', relay);
  return {
    registry,
    directory,
    runner,
    taken,
    database,
    trials: new TryMapping(() => database.get().mappings, work, worlds),
    recorded: new RecordedMachines(directory, registry),
    httpSources,
  };
};

/** Where the parts of this site are: no source of a tenant leads there. */
const ownPlaces = ({ settings }: Context): string[] => {
  const places = [...settings.kafkaBrokers, ...settings.ownHosts];
  if (!URL.canParse(settings.databaseUrl)) return places;
  const { hostname: host, port } = new URL(settings.databaseUrl);
  return [...places, `${host}:${port === '' ? 5432 : port}`];
};
