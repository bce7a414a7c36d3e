import { RETRY_TIERS, tierRetentionMs } from '@millrace/domain';
import { DEFAULT_PARTITIONS, DEFAULT_TOPIC_PREFIX, EVENT_MODULES, topicNames, topicSpecs } from './topics';

const settings = {
  prefix: DEFAULT_TOPIC_PREFIX,
  partitions: DEFAULT_PARTITIONS,
  replicationFactor: 1,
  modules: ['mes', 'order'],
};
const specs = topicSpecs(settings);
const byName = new Map(specs.map((spec) => [spec.name, spec]));

describe('the topics', () => {
  it('have the names of the interface', () => {
    expect([...byName.keys()]).toEqual(
      expect.arrayContaining([
        'millrace.events.mes',
        'millrace.events.order',
        'millrace.signals',
        'millrace.endpoints',
        'millrace.deliveries',
        'millrace.retry.1s',
        'millrace.retry.5s',
        'millrace.retry.30s',
        'millrace.retry.1m',
        'millrace.retry.5m',
        'millrace.retry.10m',
        'millrace.retry.30m',
        'millrace.retry.2h',
        'millrace.retry.24h',
        'millrace.dead-letter',
        'millrace.delivery-log',
        'millrace.events.rejected',
        'millrace.signals.rejected',
      ]),
    );
    expect(specs).toHaveLength(byName.size);
  });

  it('have names that Kafka takes, and no module that shadows another topic', () => {
    for (const name of byName.keys()) expect(name).toMatch(/^[a-zA-Z0-9._-]{1,249}$/);
    expect(EVENT_MODULES).not.toContain('rejected');
    expect(new Set(EVENT_MODULES).size).toBe(EVENT_MODULES.length);
  });

  it('take the prefix', () => {
    for (const { name } of topicSpecs({ ...settings, prefix: 't7f3a.' })) expect(name.startsWith('t7f3a.')).toBe(true);
    expect(topicNames('').retry('30s')).toBe('retry.30s');
  });

  it('are the ones that the code names', () => {
    const names = topicNames(settings.prefix);
    const named = [
      ...settings.modules.map(names.events),
      ...RETRY_TIERS.map((tier) => names.retry(tier.name)),
      ...Object.values(names).filter((name) => typeof name === 'string'),
    ];
    expect([...byName.keys()].sort()).toEqual(named.sort());
  });

  it('are written to by append time where a wait or an order is counted from it', () => {
    for (const { name, config } of specs)
      expect([name, config['message.timestamp.type']]).toEqual([
        name,
        config['cleanup.policy'] === 'compact' ? undefined : 'LogAppendTime',
      ]);
  });

  it('keep a retry far longer than it waits, and everything by age alone', () => {
    for (const tier of RETRY_TIERS)
      expect(byName.get(`millrace.retry.${tier.name}`)!.config['retention.ms']).toBe(String(tierRetentionMs(tier)));
    for (const { config } of specs)
      if (config['cleanup.policy'] === 'delete') expect(config['retention.bytes']).toBe('-1');
  });

  it('keep events and the log longer than a delivery lives', () => {
    const day = 86_400_000;
    for (const name of ['events.mes', 'delivery-log', 'dead-letter'])
      expect(Number(byName.get(`millrace.${name}`)!.config['retention.ms'])).toBeGreaterThan(30 * day);
  });

  it('have as many partitions for deliveries as for their retries and their log', () => {
    const counts = [
      'deliveries',
      'delivery-log',
      'dead-letter',
      ...RETRY_TIERS.map((tier) => `retry.${tier.name}`),
    ].map((name) => byName.get(`millrace.${name}`)!.partitions);
    expect(new Set(counts)).toEqual(new Set([DEFAULT_PARTITIONS]));
  });

  it('hold state in compacted topics of one partition, and that of an owner where its endpoints are', () => {
    const compacted = specs.filter(({ config }) => config['cleanup.policy'] === 'compact');
    expect(compacted.length).toBeGreaterThanOrEqual(3);
    for (const { name, partitions } of compacted)
      expect([name, partitions]).toEqual([name, name.endsWith('dispatch-state') ? DEFAULT_PARTITIONS : 1]);
  });

  it('never elect a leader that lacks records, and keep the codec of the producer', () => {
    for (const { config } of specs)
      expect(config).toMatchObject({ 'unclean.leader.election.enable': 'false', 'compression.type': 'producer' });
  });
});
