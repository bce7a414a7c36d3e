import { createHash } from 'node:crypto';
import type { Event } from '../event/event';
import { eventKey, publicEventId } from '../event/event-identity';
import type { Moment } from './signal-time';

/** Of an event that a rule tells, as JSON: half of what its topic takes. */
export const EVENT_DATA_BYTES = 1024 * 1024;

/** What a rule decided, before it has its identity. */
export interface EventDraft {
  /** Name of the rule; part of the event's id. */
  readonly rule: string;
  readonly type: string;
  readonly moment: Moment;
  readonly data: { readonly [name: string]: unknown };
  /** What the fact is known by, where it is the same fact whichever signal told it; else it is known by its signal. */
  readonly identity?: readonly (string | number)[];
}

/** What a rule decided, with its data as JSON. */
export interface WrittenDraft extends EventDraft {
  readonly json: string;
}

/** Throws for data that JSON cannot say, so that it is the rule that told it that throws. */
export const writtenDraft = (draft: EventDraft): WrittenDraft => ({
  ...draft,
  json: JSON.stringify(draft.moment.suspect ? { ...draft.data, clockSuspect: true } : draft.data),
});

/** Collects what the rules of one fold decide. */
export type Emit = (draft: EventDraft) => void;

/** Where a signal lies in the topic `signals`. */
export interface SignalPosition {
  readonly partition: number;
  readonly offset: bigint;
  /** When Kafka took it, Unix ms; absent where it never was there. */
  readonly timestamp?: number;
  /** Of several that one record lets go on, in order, which; absent for the first. */
  readonly nth?: number;
}

const placeOf = ({ partition, offset, nth }: SignalPosition): (string | number)[] =>
  nth === undefined ? [partition, String(offset)] : [partition, String(offset), nth];

const digest = (parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** Id of something that began with a signal (an alarm, a run), the same at every replay. */
export const idFromSignal = (
  prefix: string,
  tenant: string,
  machine: string,
  position: SignalPosition,
  what: string,
): string => `${prefix}_${digest([tenant, machine, ...placeOf(position), what]).slice(0, 26)}`;

/**
 * An event's id is a function of the machine, the rule, the signal that fired it and its number among that rule's events
 * for that signal: folding the same record again after a crash makes the same event, and it collapses downstream. So does
 * its trace: an event of a signal without a trace begins one that is derived from the id. An event that is dated by the
 * time of receipt, because the machine's stamp could not be right, says so in its data (`clockSuspect`). In the
 * place of one that is too large for its topic it is told that there was one.
 */
export const machineEvent = (
  tenant: string,
  machine: string,
  position: SignalPosition,
  n: number,
  draft: WrittenDraft,
  traceparent: string | null,
): Event => {
  const data = draft.json;
  const bytes = Buffer.byteLength(data);
  if (bytes > EVENT_DATA_BYTES)
    return machineEvent(tenant, machine, position, n, writtenDraft(tooLarge(machine, draft, bytes)), traceparent);
  const hash = digest(
    draft.identity === undefined
      ? [tenant, machine, draft.rule, position.partition, String(position.offset), n]
      : [tenant, machine, draft.rule, draft.type, draft.identity],
  );
  const sourceId = `evt_${hash.slice(0, 26)}`;
  const source = `/machines/${machine}`;
  const key = eventKey(tenant, source, sourceId);
  return {
    id: publicEventId(key, sourceId),
    key,
    sourceId,
    tenant,
    type: draft.type,
    source,
    subject: machine,
    time: draft.moment.time,
    data,
    traceparent: traceparent ?? `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`,
  };
};

const tooLarge = (machine: string, { rule, type, moment, identity }: EventDraft, bytes: number): EventDraft => ({
  rule,
  type: 'ingest.event_too_large',
  moment,
  data: { machine, rule, eventType: type.slice(0, 256), bytes, limit: EVENT_DATA_BYTES },
  ...(identity === undefined ? {} : { identity: [type, ...identity] }),
});
