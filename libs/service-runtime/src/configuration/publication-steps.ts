import type { OutgoingMessage } from '@millrace/protocol';

/**
 * The messages of one publish, as the parts that go out one after the other, each once Kafka has acknowledged the one before:
 * first what belongs to none of the `later` topics, then what belongs to each of these, in their order. Whoever reads a
 * message of a later topic finds in Kafka what it stands on, also when both were made together.
 */
export const publicationSteps = (
  messages: readonly OutgoingMessage[],
  later: readonly string[],
): OutgoingMessage[][] => {
  const placeOf = ({ topic }: OutgoingMessage) => later.indexOf(topic) + 1;
  return [...Array(mostPublicationSteps(later)).keys()]
    .map((place) => messages.filter((message) => placeOf(message) === place))
    .filter((step) => step.length > 0);
};

/** The most that there are. */
export const mostPublicationSteps = (later: readonly string[]): number => later.length + 1;
