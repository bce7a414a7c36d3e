import type { Event } from '../event/event';
import { objectSpans } from '../event/json-spans';

/** Member in which a bundle that Millrace folded from signals says how far its numbers can be trusted. */
export const INTEGRITY = 'integrity';

/**
 * The BundleResult alone, as Eclipse Pro sends it: a receiver of Eclipse knows no `integrity`, which stands last in the
 * data of a bundle that came from a machine's signals. Everything else goes out byte for byte as it came, and so does all
 * of a bundle that a producer sent.
 */
export const bareBundleResult = ({ type, source, data }: Pick<Event, 'type' | 'source' | 'data'>): string => {
  if (!type.startsWith('bundle.') || !source.startsWith('/machines/') || !data.startsWith('{')) return data;
  const spans = [...objectSpans(data)];
  const [last, before] = [spans.at(-1), spans.at(-2)];
  return last?.[0] === INTEGRITY && before !== undefined ? `${data.slice(0, before[1].end)}}` : data;
};
