import { decodeRejection, SCHEMA_WARNING } from '@millrace/protocol';
import type { TopicReader } from './read-span';
import { readWhole } from './read-whole';

/** What of an event need not have become a delivery, because the quarantine has it. */
export interface Excuse {
  /** Nobody got it. */
  readonly whole: boolean;
  /** The URL that it brought itself was refused; its other receivers have it. */
  readonly runUrl: boolean;
  /** Those whose contract has no body for it did not get it; all others have it. */
  readonly unrepresentable: boolean;
}

const NONE: Excuse = { whole: false, runUrl: false, unrepresentable: false };

const withCode = (excuse: Excuse, code: string): Excuse => {
  switch (code) {
    // A warning stands in the quarantine too, and was delivered.
    case SCHEMA_WARNING:
      return excuse;
    case 'run_url_refused':
      return { ...excuse, runUrl: true };
    case 'unrepresentable':
      return { ...excuse, unrepresentable: true };
    default:
      return { ...excuse, whole: true };
  }
};

/** What stands in the quarantine now, by `topic/partition/offset` of the record that it came from. */
export const readQuarantined = async (reader: TopicReader, topic: string): Promise<Map<string, Excuse>> => {
  const excuses = new Map<string, Excuse>();
  await readWhole(reader, topic, (message) => {
    const { origin, code } = decodeRejection(message)?.rejection ?? {};
    if (!origin || code === undefined) return;
    const place = `${origin.topic}/${origin.partition}/${origin.offset}`;
    const excuse = withCode(excuses.get(place) ?? NONE, code);
    if (excuse !== NONE) excuses.set(place, excuse);
  });
  return excuses;
};
