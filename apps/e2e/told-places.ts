import { EVENT_MODULES, topicSpecs } from '@millrace/protocol';
import { storedRows } from '@millrace/test-environment';
import type { Constellation } from './constellation';

/** Everything that a site has told, as text by place: logs, topics, tables, and what the API answers to `paths`. */
export const toldPlaces = async (site: Constellation, paths: readonly string[]): Promise<Map<string, string>> => {
  const places = new Map<string, string>();
  const add = (place: string, text: string) => places.set(place, `${places.get(place) ?? ''}${text}\n`);
  for (const [name, service] of site.services) add(`the log of ${name}`, JSON.stringify(service.logs()));
  const specs = topicSpecs({ prefix: site.prefix, partitions: 1, replicationFactor: 1, modules: EVENT_MODULES });
  for (const { name: topic } of specs)
    for (const partition of (await site.kafka.endOffsets(topic)).keys())
      await site.kafka.readRange({
        topic,
        partition,
        from: 0n,
        onMessage: ({ value, headers }) =>
          add(topic, `${value?.toString('latin1')} ${Object.values(headers).join(' ')}`),
      });
  for (const path of paths) add(`GET ${path}`, JSON.stringify((await site.call('GET', path)).body));
  for (const { table, text } of await storedRows(site.databaseUrl)) add(table, text);
  return places;
};

/** Places that have the text; for what is no secret, to see that the search does search. */
export const placesOf = (text: string, places: ReadonlyMap<string, string>): string[] =>
  [...places].filter(([, told]) => told.includes(text)).map(([place]) => place);
