export interface BrokerPlace {
  readonly host: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataFolder: string;
}

const MIB = 1024 * 1024;

/** One node that is broker and controller (KRaft), small enough for a laptop beside everything else. */
export const brokerSettings = (place: BrokerPlace): { [name: string]: string } => ({
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.quorum.voters': `1@${place.host}:${place.controllerPort}`,
  listeners: `PLAINTEXT://${place.host}:${place.port},CONTROLLER://${place.host}:${place.controllerPort}`,
  'advertised.listeners': `PLAINTEXT://${place.host}:${place.port}`,
  'log.dirs': place.dataFolder,
  ...brokerRules,
});

/** What holds for our broker wherever it runs: the native node, the image, the compose file. */
export const brokerRules: { readonly [name: string]: string } = {
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  // Topics are made by our own schedule with explicit settings, never by a first use.
  'auto.create.topics.enable': 'false',
  'unclean.leader.election.enable': 'false',
  // A group that was away for a month still finds its place.
  'offsets.retention.minutes': '43200',
  'offsets.topic.num.partitions': '3',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '3',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  // After a kill the controller takes the node back only when its old session is over: 9 s by default, and nobody else is here.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  // Topics name their own, lower limits; the rejected ones take up to this.
  'message.max.bytes': String(8 * MIB),
  'replica.fetch.max.bytes': String(8 * MIB),
  'log.segment.bytes': String(16 * MIB),
  // The default of 10 MiB is reserved twice for each of hundreds of partitions; a 16 MiB segment needs a few KiB.
  'log.index.size.max.bytes': String(MIB / 4),
  // The default of 128 MiB lies on the heap.
  'log.cleaner.dedupe.buffer.size': String(16 * MIB),
  'num.network.threads': '2',
  'num.io.threads': '4',
  // Recovery after a kill reads every open segment; two threads halve it.
  'num.recovery.threads.per.data.dir': '2',
};

export const asPropertiesFile = (settings: { readonly [name: string]: string }): string =>
  `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}`)
    .join('\n')}\n`;
