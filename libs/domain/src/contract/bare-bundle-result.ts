import type { Event } from '../event/event';
import { objectSpans } from '../event/json-spans';

/** What Millrace adds at the end of a bundle's data: how far its numbers can be trusted, and that its time is that of receipt. */
const ADDED: readonly string[] = ['integrity', 'clockSuspect'];
const BUNDLES: readonly string[] = ['bundle.completed', 'bundle.corrected'];

/**
 * The BundleResult alone, as Eclipse Pro sends it: its receivers know none of what Millrace adds. Everything else goes out
 * byte for byte as it came, and so does all of a bundle that did not come by a machine's signals.
 */
export const bareBundleResult = ({ type, source, data }: Pick<Event, 'type' | 'source' | 'data'>): string => {
  if (!BUNDLES.includes(type) || !source.startsWith('/machines/') || !data.startsWith('{')) return data;
  const members = [...objectSpans(data)];
  const last = members.findLastIndex(([name]) => !ADDED.includes(name));
  return last < 0 || last === members.length - 1 ? data : `${data.slice(0, members[last]![1].end)}}`;
};
