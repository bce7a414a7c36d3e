import { QUARANTINE_LISTS, type TopicNames } from '@millrace/protocol';

/** An item of the quarantine by its place: `signals-0-4711` is offset 4711 of partition 0 of `signals.rejected`. */
export interface QuarantinePlace {
  readonly list: (typeof QUARANTINE_LISTS)[number];
  readonly partition: number;
  readonly offset: string;
}

const ID = /^(events|signals)-(0|[1-9]\d{0,5})-(0|[1-9]\d{0,17})$/;

export const readQuarantineId = (id: string): QuarantinePlace | null => {
  const match = ID.exec(id);
  if (match === null) return null;
  return { list: match[1] as QuarantinePlace['list'], partition: Number(match[2]), offset: match[3]! };
};

export const quarantineId = ({ list, partition, offset }: QuarantinePlace): string => `${list}-${partition}-${offset}`;

type RejectedTopics = Pick<TopicNames, 'eventsRejected' | 'signalsRejected'>;

export const topicOfList = (topics: RejectedTopics, list: QuarantinePlace['list']): string =>
  list === 'events' ? topics.eventsRejected : topics.signalsRejected;

export const listOfTopic = (topics: RejectedTopics, topic: string): QuarantinePlace['list'] =>
  topic === topics.eventsRejected ? 'events' : 'signals';
