import type { Signal } from '@millrace/domain';
import {
  DataChangeNotification,
  type DataValue,
  EventNotificationList,
  type NotificationMessage,
  promoteOpaqueStructureInNotificationData,
  type Variant,
} from 'node-opcua-client';
import {
  EVENT_FIELDS,
  EVENTS_LOST,
  type EventFields,
  REFRESH_END,
  REFRESH_REQUIRED,
  REFRESH_START,
  type ReadCondition,
  readConditionEvent,
} from './condition-event';
import type { ConditionMemory } from './condition-memory';
import type { ServerSession } from './connect-server';
import { readUnits } from './find-items';
import { type ReadValue, readDataValue, typedOf } from './read-value';
import type { SignalWriter } from './signal-writer';
import { qualityCodeOf, qualityOf } from './status-code';
import { HEART_BEAT, type Watch, type WatchedItem, type WatchedNotifier } from './watch';

/** What a server tells while it names its conditions is held until it has named all. Of more nothing is concluded. */
const MOST_REFRESHING = 10_000;
/** Nor of what a server names that says nothing of its conditions for so long, and has not said that these were all. */
const REFRESHING_MS = 10_000;

export interface NotificationReading {
  readonly writer: SignalWriter;
  readonly conditions: ConditionMemory;
  readonly session: ServerSession;
  readonly watch: Watch;
  readonly count: (name: string) => void;
  /** The server asks to be asked for all its conditions. */
  readonly refreshRequired: () => void;
  /** Of a clock that nobody sets, ms. */
  readonly now: number;
}

/** The signals of one message, in its order; `at`: when it was received, Unix ms. */
export const signalsOf = async (
  reading: NotificationReading,
  message: NotificationMessage,
  at: number,
): Promise<Signal[]> => {
  const data = message.notificationData ?? [];
  try {
    // Structures of a vendor's own are read with the description that the server gives of them.
    await promoteOpaqueStructureInNotificationData(reading.session, data.filter(isData));
  } catch {
    reading.count('unreadStructures');
  }
  const signals: Signal[] = [];
  for (const part of data) {
    if (part instanceof DataChangeNotification)
      for (const { clientHandle, value } of part.monitoredItems ?? []) {
        const item = reading.watch.items.get(clientHandle);
        if (item !== undefined) signals.push(...(await valueSignals(reading, item, value, at)));
        else if (clientHandle !== HEART_BEAT) reading.count('unknownItems');
      }
    else if (part instanceof EventNotificationList)
      for (const { clientHandle, eventFields } of part.events ?? []) {
        const notifier = reading.watch.notifiers.get(clientHandle);
        if (notifier !== undefined)
          signals.push(...eventSignals(reading, clientHandle, notifier, eventFields ?? [], at));
      }
  }
  return signals;
};

const isData = (part: unknown): part is DataChangeNotification | EventNotificationList =>
  part instanceof DataChangeNotification || part instanceof EventNotificationList;

const valueSignals = async (
  reading: NotificationReading,
  item: WatchedItem,
  value: DataValue,
  at: number,
): Promise<Signal[]> => {
  const { writer, count } = reading;
  const read = readDataValue(value);
  const snapshot = item.told === null;
  const repeated = item.told !== null && isRepeat(item.told, read);
  item.told = read;
  // A server tells changes; what it told before it says again when a session moves to another connection.
  if (repeated && !read.overflow) {
    count('duplicates');
    return [];
  }
  if (read.semanticsChanged) item.unit = await unitNow(reading, item);
  item.type = read.type ?? item.type;
  if (read.quality === 'bad') count('bad');
  const signal = () => writer.value(item, item.unit, read, item.type ?? 'string', snapshot, at);
  if (!read.overflow) return [signal()];
  count('overflows');
  return [writer.gap(item.machine, at, { kind: 'queue', path: item.path }), signal()];
};

const isRepeat = (before: ReadValue, now: ReadValue): boolean =>
  before.sourceTs === now.sourceTs &&
  before.qualityCode === now.qualityCode &&
  (before.value === now.value || JSON.stringify(before.value) === JSON.stringify(now.value));

/**
 * What the items were when they were last heard of, once more: over a connection that was taken back the server tells only what
 * has changed, and what it does not tell of is what it was.
 */
export const unchangedSignals = (writer: SignalWriter, { items }: Watch, at: number): Signal[] =>
  [...items.values()].flatMap((item) =>
    item.told === null
      ? []
      : [writer.value(item, item.unit, { ...item.told, overflow: false }, item.type ?? 'string', true, at)],
  );

const unitNow = async ({ session, watch }: NotificationReading, item: WatchedItem): Promise<string | null> => {
  try {
    return (await readUnits(session, [item.nodeId], watch.limits)).get(item.nodeId) ?? null;
  } catch {
    // The connection is gone; the next one reads all units.
    return item.unit;
  }
};

/** That the server does not watch an item, as a value without quality. */
export const refusalSignal = (writer: SignalWriter, item: WatchedItem, status: number, at: number): Signal =>
  writer.value(
    item,
    item.unit,
    {
      value: null,
      type: null,
      quality: qualityOf(status),
      qualityCode: qualityCodeOf(status),
      overflow: false,
      semanticsChanged: false,
      sourceTs: null,
      serverTs: null,
    },
    item.type ?? 'string',
    false,
    at,
  );

const fieldsOf = (variants: readonly Variant[]): EventFields =>
  Object.fromEntries(
    EVENT_FIELDS.map((field, index) => {
      const value = typedOf(variants[index])?.value ?? null;
      return [field, typeof value === 'object' ? null : value];
    }),
  );

const eventSignals = (
  reading: NotificationReading,
  handle: number,
  notifier: WatchedNotifier,
  variants: readonly Variant[],
  at: number,
): Signal[] => {
  const { conditions, writer, count, now } = reading;
  const { refreshes } = reading.watch;
  const fields = fieldsOf(variants);
  const { machine, index, nodeId } = notifier;
  switch (fields.EventType) {
    case REFRESH_START: {
      const unended = endRefreshing(reading, notifier, at);
      notifier.refreshing = { reads: [], heardAt: now };
      return unended;
    }
    case REFRESH_END: {
      refreshes.answered(handle);
      if (notifier.refreshing === null) return [];
      const told = conditions.refreshed(machine, index, notifier.refreshing.reads);
      notifier.refreshing = null;
      return told.map((one) => writer.condition(machine, one, true, at));
    }
    case REFRESH_REQUIRED:
      reading.refreshRequired();
      return [];
    case EVENTS_LOST:
      count('overflows');
      // What the lost ones said of conditions is asked for; what was done in between is not known.
      refreshes.lost(handle, now);
      if (refreshes.isDue(now)) reading.refreshRequired();
      // Among them may be conditions that were named: not to be among those that are left is no end.
      return [...endRefreshing(reading, notifier, at), writer.gap(machine, at, { kind: 'queue', path: nodeId })];
  }
  const read = readConditionEvent(fields);
  if (read === null) {
    count('otherEvents');
    return [];
  }
  if (notifier.refreshing === null) return toldOf(reading, notifier, [read], false, at);
  // Which of them are not named any more, or have another node id than before, is known when all are named.
  notifier.refreshing.reads.push(read);
  notifier.refreshing.heardAt = now;
  return notifier.refreshing.reads.length < MOST_REFRESHING ? [] : endRefreshing(reading, notifier, at);
};

type Telling = Pick<NotificationReading, 'conditions' | 'writer'>;

/** What was held for the end is told as far as it goes. */
const endRefreshing = (telling: Telling, notifier: WatchedNotifier, at: number): Signal[] => {
  const reads = notifier.refreshing?.reads ?? [];
  notifier.refreshing = null;
  return toldOf(telling, notifier, reads, true, at);
};

/** Notifiers of which a server has begun to name all conditions, and neither goes on nor ends. */
const abandoned = ({ notifiers }: Watch, now: number): WatchedNotifier[] =>
  [...notifiers.values()].filter(({ refreshing }) => refreshing !== null && now - refreshing.heardAt >= REFRESHING_MS);

export const hasAbandoned = (watch: Watch, now: number): boolean => abandoned(watch, now).length > 0;

/** The conditions that such a server has named; `now`: of a clock that nobody sets, ms. */
export const abandonedSignals = (telling: Telling, watch: Watch, now: number, at: number): Signal[] =>
  abandoned(watch, now).flatMap((notifier) => endRefreshing(telling, notifier, at));

const toldOf = (
  { conditions, writer }: Telling,
  { machine, index }: WatchedNotifier,
  reads: readonly ReadCondition[],
  snapshot: boolean,
  at: number,
): Signal[] =>
  reads
    .flatMap((read) => conditions.take(machine, index, read, snapshot))
    .map((told) => writer.condition(machine, told, snapshot, at));
