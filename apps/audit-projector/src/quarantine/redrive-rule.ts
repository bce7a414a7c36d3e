import { DEFAULT_TENANT, machineKey } from '@millrace/domain';
import {
  decodeEvent,
  decodeSignal,
  type IncomingMessage,
  moduleOfType,
  type OutgoingMessage,
  REDRIVEN_HEADER,
  SCHEMA_WARNING,
  type TopicNames,
} from '@millrace/protocol';

/** What somebody wants to go out in the place of what came. */
export interface Correction {
  /** Null: the bytes as they came. */
  readonly value: string | null;
  /** By name; null takes a header away, and those that are not named go out as they came. */
  readonly headers: { readonly [name: string]: string | null };
}

export const AS_IT_CAME: Correction = { value: null, headers: {} };

/** What is known of an item when somebody wants it driven again. */
export interface Quarantined {
  readonly id: string;
  readonly code: string;
  /** Topic that it came from, or a source's own place. */
  readonly originTopic: string;
  /** Whose it is and stays; null for what the site's operator may give to whose it is. */
  readonly tenant: string | null;
}

export interface RedriveTopics {
  readonly names: Pick<TopicNames, 'events' | 'signals'>;
  readonly modules: readonly string[];
}

/** Others of the event's receivers have it; sent whole, it would be another delivery to them. */
const REFUSED_TO_SOME: readonly string[] = ['unrepresentable', 'run_url_refused', 'unknown_contract'];

/** One sentence for a person, or null where the item can be driven again. */
export const whyNotRedrivable = (item: Quarantined, topics: RedriveTopics): string | null => {
  if (item.code === SCHEMA_WARNING) return 'The event was delivered all the same; there is nothing to do for it.';
  if (REFUSED_TO_SOME.includes(item.code))
    return 'Its other receivers have the event. Mend the cause and run a recovery `missing` for the endpoint.';
  if (topicsOf(topics).has(item.originTopic)) return null;
  return item.originTopic.includes('/')
    ? 'These are bytes that a source could not read, at their place in its session. Correct what sends them, or send what they mean to POST /v1/signals.'
    : 'It came from a topic that only Millrace itself writes to. Find the program that wrote there.';
};

const topicsOf = ({ names, modules }: RedriveTopics): Set<string> =>
  new Set([names.signals, ...modules.map((module) => names.events(module))]);

export type RedriveDecision =
  | { readonly kind: 'send'; readonly message: OutgoingMessage }
  | { readonly kind: 'refuse'; readonly code: 'not_redrivable' | 'still_refused'; readonly detail: string };

/**
 * The record as it goes out again: its own key, and the bytes and headers that had come or corrected ones. What cannot be read
 * even now is refused here, with the reason that the topic's reader would give: it would only come back. A record stays its
 * tenant's whatever a correction says, and nobody speaks in the place of Millrace itself (paths with `$`).
 *
 * @param original the record as it was, rebuilt from the rejection
 * @param whole false where not all bytes of the value were kept
 */
export const decideRedrive = (
  item: Quarantined,
  original: IncomingMessage,
  whole: boolean,
  correction: Correction,
  topics: RedriveTopics,
): RedriveDecision => {
  const why = whyNotRedrivable(item, topics);
  if (why !== null) return { kind: 'refuse', code: 'not_redrivable', detail: why };
  if (correction.value === null && !whole)
    return {
      kind: 'refuse',
      code: 'not_redrivable',
      detail: 'Only the beginning of its bytes was kept. Send the whole record as `value`.',
    };
  const message: IncomingMessage = {
    ...original,
    value: correction.value === null ? original.value : Buffer.from(correction.value),
    headers: correctedHeaders(original.headers, correction.headers),
  };
  return item.originTopic === topics.names.signals
    ? signalAgain(item, message, correction.value !== null, topics)
    : eventAgain(item, message, topics);
};

const correctedHeaders = (
  original: IncomingMessage['headers'],
  corrected: Correction['headers'],
): IncomingMessage['headers'] => ({
  ...Object.fromEntries(Object.entries(original).filter(([name]) => !Object.hasOwn(corrected, name))),
  ...Object.fromEntries(
    Object.entries(corrected).flatMap(([name, text]) => (text === null ? [] : [[name, Buffer.from(text)]])),
  ),
});

const notYours = (tenant: string): RedriveDecision => ({
  kind: 'refuse',
  code: 'not_redrivable',
  detail: `It would belong to the tenant ${tenant}; a record stays its own tenant's.`,
});

const signalAgain = (
  item: Quarantined,
  message: IncomingMessage,
  isCorrected: boolean,
  { names }: RedriveTopics,
): RedriveDecision => {
  const key = keyOfSignal(message.value) ?? message.key?.toString('utf8') ?? null;
  const read = decodeSignal({ ...message, key: key === null ? null : Buffer.from(key) });
  if (read.kind === 'refused') return refusedAgain(read.code, `${read.detail} Correct it and send it as \`value\`.`);
  const { tenant, path } = read.signal;
  if (item.tenant !== null && tenant !== item.tenant) return notYours(tenant);
  if (isCorrected && path.startsWith('$'))
    return {
      kind: 'refuse',
      code: 'not_redrivable',
      detail: `Signals whose path begins with $, such as ${path}, are Millrace's own; correct it to a data item of the machine.`,
    };
  return { kind: 'send', message: outgoing(item, message, names.signals, key) };
};

/** The key follows from the signal, so a signal that had a wrong one gets its own. */
const keyOfSignal = (value: Buffer | null): string | null => {
  try {
    const { tenant, machine } = JSON.parse(value?.toString('utf8') ?? '') as { tenant?: unknown; machine?: unknown };
    return typeof tenant === 'string' && typeof machine === 'string' ? machineKey(tenant, machine) : null;
  } catch {
    return null;
  }
};

const eventAgain = (item: Quarantined, message: IncomingMessage, topics: RedriveTopics): RedriveDecision => {
  const read = decodeEvent(message, DEFAULT_TENANT);
  if (read.kind === 'refused') return refusedAgain(read.refusal.code, `${read.refusal.detail} ${wayOf(message)}`);
  if (item.tenant !== null && read.event.tenant !== item.tenant) return notYours(read.event.tenant);
  const module = moduleOfType(read.event.type);
  const topic = topics.modules.includes(module) ? topics.names.events(module) : item.originTopic;
  return { kind: 'send', message: outgoing(item, message, topic, message.key?.toString('utf8') ?? null) };
};

/** Where the event's attributes are is where they are corrected. */
const wayOf = ({ headers }: IncomingMessage): string => {
  const binary = Object.keys(headers).filter((name) => name.startsWith('ce_'));
  return binary.length === 0
    ? 'Correct it and send it as `value`.'
    : `Correct it and send it: the data as \`value\`, an attribute as \`headers\`, such as {"${binary.includes('ce_specversion') ? 'ce_specversion' : binary[0]}": "…"}.`;
};

const refusedAgain = (code: string, detail: string): RedriveDecision => ({
  kind: 'refuse',
  code: 'still_refused',
  detail: `It would be refused again (${code}): ${detail}`,
});

const outgoing = (item: Quarantined, message: IncomingMessage, topic: string, key: string | null): OutgoingMessage => ({
  topic,
  key,
  value: message.value,
  headers: {
    ...Object.fromEntries(Object.entries(message.headers).map(([name, bytes]) => [name, bytes.toString('utf8')])),
    [REDRIVEN_HEADER]: item.id,
  },
});
