import type { Event } from '@millrace/domain';

/** Identities follow from the place of a signal in Kafka; repeats after a kill move it. */
const IDENTITY = /(alm|run|bundle)_[0-9a-f]{26}/g;

/** Gives texts with the identities in them replaced by the order in which they come. */
export const withoutIdentities = (): ((text: string) => string) => {
  const aliases = new Map<string, string>();
  const alias = (id: string) => {
    if (!aliases.has(id)) aliases.set(id, `#${aliases.size}`);
    return aliases.get(id)!;
  };
  return (text) => text.replace(IDENTITY, alias);
};

/** What happened, one line for each event. */
export const happenings = (events: readonly Event[]): string[] => {
  const plain = withoutIdentities();
  return events.map(({ type, time, data }) => `${type} ${time} ${plain(data)}`);
};
