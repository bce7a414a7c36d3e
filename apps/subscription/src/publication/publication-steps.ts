import type { OutgoingMessage, TopicNames } from '@millrace/protocol';

/**
 * The messages of one publish, as the parts that go out one after the other, each once Kafka has acknowledged the one before.
 * Orders of recoveries come last: whoever reads one finds its endpoint in Kafka, also when both were made together.
 */
export const publicationSteps = (
  messages: readonly OutgoingMessage[],
  topics: Pick<TopicNames, 'recoveries'>,
): OutgoingMessage[][] => {
  const isOrder = ({ topic }: OutgoingMessage) => topic === topics.recoveries;
  return [messages.filter((message) => !isOrder(message)), messages.filter(isOrder)].filter((step) => step.length > 0);
};

/** The most that there are. */
export const MOST_PUBLICATION_STEPS = 2;
