import type { Event } from '../event/event';
import { objectSpans } from '../event/json-spans';

/**
 * What Millrace adds at the end of a bundle's data: how far its numbers can be trusted, that its time is that of receipt,
 * and the number of a correction to a bundle that was posted.
 */
const ADDED: { readonly [type: string]: readonly string[] } = {
  'bundle.completed': ['integrity', 'clockSuspect'],
  'bundle.corrected': ['integrity', 'clockSuspect', 'revision'],
};

/**
 * The BundleResult alone, as Eclipse Pro sends it: its receivers know none of what Millrace adds. Everything else goes out
 * byte for byte as it came, and so does all of a bundle that did not come by a machine's signals.
 */
export const bareBundleResult = ({ type, source, data }: Pick<Event, 'type' | 'source' | 'data'>): string => {
  const added = Object.hasOwn(ADDED, type) ? ADDED[type]! : [];
  if (added.length === 0 || !source.startsWith('/machines/') || !data.startsWith('{')) return data;
  const members = [...objectSpans(data)];
  const last = members.findLastIndex(([name]) => !added.includes(name));
  return last < 0 || last === members.length - 1 ? data : `${data.slice(0, members[last]![1].end)}}`;
};
