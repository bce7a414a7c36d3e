import { RETRY_TIERS } from '@millrace/domain';
import type { TopicNames } from '@millrace/protocol';
import type { MissingDelivery } from '../events/event-audit';
import { FLAG, PLACE } from '../ledger/delivery-rows';
import type { EventSource } from '../reading/event-ids';
import type { PartitionAudit } from '../reading/partition-audit';
import type { Finding, RecordPosition } from '../reconciliation';
import type { Pointer } from './verdict';

export interface PositionedFinding {
  readonly finding: Finding;
  /** A record that tells which event the delivery is of; null when none is known. */
  readonly source: EventSource | null;
}

/** What is left of one partition when nothing more is read: complaints, bits without a record, unusable records. */
export const findingsOf = (
  audit: PartitionAudit,
  topics: TopicNames,
  quarantined: Pick<ReadonlySet<string>, 'has'>,
): PositionedFinding[] => [
  ...audit.suspects.flatMap(({ row, verdict }) => {
    const { id: endpointId, tenant } = audit.ledger.endpointOf(row);
    const deliveryId = audit.ledger.rows.idOf(row);
    const source = sourceOf(audit, topics, row, deliveryId);
    return verdict.complaints.map(({ kind, epoch, attempt, what, where }) => ({
      finding: {
        kind,
        deliveryId,
        tenant,
        endpointId,
        eventId: null,
        epoch,
        attempt,
        what,
        where: where && positionIn(audit.partition, topics, where),
      },
      source,
    }));
  }),
  ...audit.looseBits.map(({ endpointId, offset }) => {
    const gone = offset < audit.firstOffsetOf(topics.deliveries);
    const what = gone
      ? 'a parked bit is set for a record that is no longer kept: its delivery can never go on'
      : 'a parked bit is set where no task of its endpoint lies';
    const where = { topic: topics.deliveries, partition: audit.partition, offset: String(offset) };
    return {
      finding: { ...NAMELESS, kind: 'parked_bit_without_delivery' as const, endpointId, what, where },
      source: null,
    };
  }),
  ...audit.unreadable
    .filter(({ topic, partition, offset }) => !quarantined.has(`${topic}/${partition}/${offset}`))
    .map(({ topic, partition, offset, what }) => ({
      finding: { ...NAMELESS, kind: 'unreadable' as const, what, where: { topic, partition, offset: String(offset) } },
      source: null,
    })),
];

export const neverCreated = ({
  tenant,
  endpointId,
  eventId,
  topic,
  partition,
  offset,
}: MissingDelivery): PositionedFinding => {
  const what = 'the endpoint wants the event, fan-out has gone past it, and no delivery was made';
  const where = { topic, partition, offset: String(offset) };
  return { finding: { ...NAMELESS, kind: 'never_created', tenant, endpointId, eventId, what, where }, source: null };
};

const NAMELESS = {
  deliveryId: null,
  tenant: null,
  endpointId: null,
  eventId: null,
  epoch: null,
  attempt: null,
};

const topicOf = (topics: TopicNames, pointer: Pointer): string => {
  switch (pointer.topic) {
    case 'log':
      return topics.deliveryLog;
    case 'deliveries':
      return topics.deliveries;
    case 'tier':
      return topics.retry(RETRY_TIERS[pointer.tier]!.name);
  }
};

const positionIn = (partition: number, topics: TopicNames, pointer: Pointer): RecordPosition => ({
  topic: topicOf(topics, pointer),
  partition,
  offset: String(pointer.offset),
});

/** Its `created` fact, else a record of its task, else the record that its facts name. */
const sourceOf = (audit: PartitionAudit, topics: TopicNames, row: number, deliveryId: string): EventSource | null => {
  const { columns } = audit.ledger.rows;
  const { partition } = audit;
  const source = (topic: string, offset: number): EventSource => ({ deliveryId, topic, partition, offset });
  if ((columns.flags[row]! & FLAG.CREATED) !== 0) return source(topics.deliveryLog, columns.createdOffset[row]!);
  for (const [place, offset] of [
    [columns.here[row]!, columns.hereOffset[row]!],
    [columns.ahead[row]!, columns.aheadOffset[row]!],
  ] as const)
    if (place !== PLACE.NOWHERE)
      return source(
        place === PLACE.DELIVERIES ? topics.deliveries : topics.retry(RETRY_TIERS[place - PLACE.TIER]!.name),
        offset,
      );
  const recordOffset = columns.recordOffset[row]!;
  return recordOffset < 0 ? null : source(topics.deliveries, recordOffset);
};
