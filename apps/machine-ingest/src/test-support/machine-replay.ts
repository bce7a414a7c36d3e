import { type Event, foldSignal, type MachineState, type Mapping, machineKey, newMachineState } from '@millrace/domain';
import type { KafkaConnection } from '@millrace/kafka';
import { readMapping } from '@millrace/machine-mapping';
import { decodeEvent, decodeMapping, decodeSignal, type IncomingMessage, type TopicNames } from '@millrace/protocol';

/** Whose topics are read. */
interface Site {
  readonly kafka: KafkaConnection;
  readonly topics: TopicNames;
}

/** Every record of a topic, by partition. */
export const recordsOf = async (site: Site, topic: string): Promise<IncomingMessage[]> => {
  const records: IncomingMessage[] = [];
  for (const partition of (await site.kafka.endOffsets(topic)).keys())
    await site.kafka.readRange({ topic, partition, from: 0n, onMessage: (message) => void records.push(message) });
  return records;
};

/** The events of a module as they were told, each of its ids once, by machine. A repeat must be the event again. */
export const toldEvents = async (site: Site, module: string): Promise<Map<string, Event[]>> => {
  const told = new Map<string, Event[]>();
  const seen = new Map<string, string>();
  for (const message of await recordsOf(site, site.topics.events(module))) {
    const read = decodeEvent(message, 'default');
    if (read.kind === 'refused') throw new Error(read.refusal.detail);
    const text = JSON.stringify(read.event);
    const before = seen.get(read.event.id);
    if (before !== undefined && before !== text) throw new Error(`${before} was told again as ${text}`);
    seen.set(read.event.id, text);
    if (before === undefined) grouped(told, read.event.subject ?? '').push(read.event);
  }
  return told;
};

/** What the log alone gives: `signals` from its first record on, under the mappings that its own records put in force. */
export const replayedEvents = async (site: Site): Promise<Map<string, Event[]>> => {
  const mappings = new Map<string, Mapping>();
  for (const message of await recordsOf(site, site.topics.mappings)) {
    const record = decodeMapping(message);
    if (record === null) throw new Error('A record of mappings is none.');
    const { format, version } = record;
    const read = readMapping(record.text, { format, version });
    if (read.kind === 'refused') throw new Error(read.problems[0]?.detail);
    for (const { mapping } of read.machines) mappings.set(mapping.hash, mapping);
  }
  const states = new Map<string, MachineState>();
  const told = new Map<string, Event[]>();
  for (const message of await recordsOf(site, site.topics.signals)) {
    const read = decodeSignal(message);
    if (read.kind === 'refused') throw new Error(read.detail);
    const { tenant, machine } = read.signal;
    const key = machineKey(tenant, machine);
    const before = states.get(key) ?? newMachineState(tenant, machine);
    const folded = foldSignal(before, read.signal, message, (hash) => mappings.get(hash) ?? null, read.traceparent);
    states.set(key, folded.state);
    grouped(told, machine).push(...folded.events);
  }
  return told;
};

const grouped = (map: Map<string, Event[]>, key: string): Event[] => {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
};
