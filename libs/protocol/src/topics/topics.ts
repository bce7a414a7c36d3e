import { RETRY_TIERS, type RetryTierName, tierRetentionMs } from '@millrace/domain';

/**
 * Every topic of Millrace, with its settings: the one schedule from which the local stack, the tests, the start-up check
 * and the documentation derive. Automatic creation is off on both sides; a service does not start on a missing topic.
 */
export interface TopicSpec {
  /** Full name with prefix. */
  readonly name: string;
  readonly partitions: number;
  readonly config: { readonly [name: string]: string };
}

export interface TopicSettings {
  /** `MILLRACE_TOPIC_PREFIX`, with its dot. */
  readonly prefix: string;
  /** Partitions of every topic that is keyed by endpoint, and of the event topics; fixed for the life of a site. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Modules that publish to `events.<module>`. */
  readonly modules: readonly string[];
}

export const DEFAULT_TOPIC_PREFIX = 'millrace.';
export const DEFAULT_PARTITIONS = 12;

/** Modules of the catalogue; `MILLRACE_EVENT_MODULES` adds a site's own. Types without a module go to `custom`. */
export const EVENT_MODULES = [
  'mes',
  'order',
  'quality',
  'inventory',
  'rewards',
  'sign',
  'support',
  'campaign',
  'qr',
  'tax',
  'aftersale',
  'catalog',
  'compliance',
  'agents',
  'custom',
  'operations',
] as const;

const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;

const appendTime = { 'message.timestamp.type': 'LogAppendTime' };
const kept = (ms: number) => ({ 'cleanup.policy': 'delete', 'retention.ms': String(ms), 'retention.bytes': '-1' });
/** Bytes of one record that the broker takes; leaves room for a 256 KiB body in its envelope, and for a batch. */
export const RECORD_BYTES = 2 * MIB;
const records = { 'max.message.bytes': String(RECORD_BYTES) };
const compacted = {
  'cleanup.policy': 'compact',
  'delete.retention.ms': String(7 * DAY_MS),
  'min.compaction.lag.ms': String(3_600_000),
  'segment.ms': String(3_600_000),
};

/** Names of the topics, for the code that writes and reads them. */
export const topicNames = (prefix: string) =>
  ({
    events: (module: string) => `${prefix}events.${module}`,
    signals: `${prefix}signals`,
    endpoints: `${prefix}endpoints`,
    endpointLifecycle: `${prefix}endpoint-lifecycle`,
    endpointHealth: `${prefix}endpoint-health`,
    recoveries: `${prefix}recoveries`,
    recoveryProgress: `${prefix}recovery-progress`,
    dispatchState: `${prefix}dispatch-state`,
    apiKeys: `${prefix}api-keys`,
    eventRules: `${prefix}event-rules`,
    machineState: `${prefix}machine-state`,
    machineSignals: `${prefix}machine-signals`,
    sources: `${prefix}sources`,
    sourceState: `${prefix}source-state`,
    mappings: `${prefix}mappings`,
    deliveries: `${prefix}deliveries`,
    retry: (tier: RetryTierName) => `${prefix}retry.${tier}`,
    clock: `${prefix}clock`,
    deadLetter: `${prefix}dead-letter`,
    deliveryLog: `${prefix}delivery-log`,
    eventsRejected: `${prefix}events.rejected`,
    signalsRejected: `${prefix}signals.rejected`,
  }) as const;

export type TopicNames = ReturnType<typeof topicNames>;

export const topicSpecs = (settings: TopicSettings): TopicSpec[] => {
  const names = topicNames(settings.prefix);
  const { partitions } = settings;
  const durable = { ...records, 'unclean.leader.election.enable': 'false', 'compression.type': 'producer' };
  const spec = (name: string, count: number, config: { [name: string]: string }): TopicSpec => ({
    name,
    partitions: count,
    config: { ...durable, ...config },
  });
  return [
    ...settings.modules.map((module) =>
      spec(names.events(module), partitions, { ...kept(35 * DAY_MS), ...appendTime }),
    ),
    spec(names.signals, partitions, { ...kept(14 * DAY_MS), ...appendTime }),
    spec(names.endpoints, 1, compacted),
    spec(names.endpointLifecycle, 1, compacted),
    spec(names.endpointHealth, 1, compacted),
    spec(names.recoveries, 1, compacted),
    spec(names.recoveryProgress, 1, compacted),
    spec(names.dispatchState, partitions, { ...compacted, 'min.compaction.lag.ms': '0' }),
    spec(names.apiKeys, 1, compacted),
    spec(names.eventRules, 1, compacted),
    spec(names.machineState, 1, compacted),
    spec(names.machineSignals, 1, compacted),
    spec(names.sources, 1, compacted),
    // written once a second by every source that moves, so it is cleaned without delay
    spec(names.sourceState, 1, { ...compacted, 'min.compaction.lag.ms': '0' }),
    // what a signal of the retention names must be there for as long, so nobody deletes from it
    spec(names.mappings, 1, compacted),
    // as long as events: a parked delivery is a position in this topic (docs/decisions/0007)
    spec(names.deliveries, partitions, { ...kept(35 * DAY_MS), ...appendTime }),
    ...RETRY_TIERS.map((tier) =>
      spec(names.retry(tier.name), partitions, { ...kept(tierRetentionMs(tier)), ...appendTime }),
    ),
    spec(names.clock, 1, { ...kept(3_600_000), ...appendTime, 'segment.ms': String(3_600_000) }),
    spec(names.deadLetter, partitions, { ...kept(35 * DAY_MS), ...appendTime }),
    spec(names.deliveryLog, partitions, { ...kept(35 * DAY_MS), ...appendTime }),
    spec(names.eventsRejected, 1, { ...kept(90 * DAY_MS), ...appendTime, 'max.message.bytes': String(8 * MIB) }),
    spec(names.signalsRejected, 1, { ...kept(90 * DAY_MS), ...appendTime, 'max.message.bytes': String(8 * MIB) }),
  ];
};
