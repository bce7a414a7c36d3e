import type { SignalType } from '@millrace/domain';
import {
  AttributeIds,
  constructEventFilter,
  MonitoringMode,
  resolveNodeId,
  TimestampsToReturn,
  VariableIds,
} from 'node-opcua-client';
import { inCalls } from './bounded-calls';
import { EVENT_FIELDS, type ReadCondition } from './condition-event';
import type { ServerSession } from './connect-server';
import { statusNameOf } from './connection-problem';
import type { Found, FoundItem, FoundNotifier, OperationLimits } from './find-items';
import { firstNotification, type NotificationOrder } from './notification-order';
import type { OpcuaSettings } from './opcua-settings';
import type { ReadValue } from './read-value';
import { RefreshPace } from './refresh-pace';
import { qualityOf } from './status-code';

/** An item that the server watches for us, or refuses to. */
export interface WatchedItem extends FoundItem {
  unit: string | null;
  /** What came last since the server began to watch it; null where nothing has: the first is what was, and not a change. */
  told: ReadValue | null;
  /** Type of its last value: a bad status brings none. */
  type: SignalType | null;
}

export interface WatchedNotifier extends FoundNotifier {
  /** Its place in the settings. */
  readonly index: number;
  /** The server is naming all conditions; null outside of that. */
  refreshing: Refreshing | null;
}

export interface Refreshing {
  /** What it has told of conditions since it began. */
  readonly reads: ReadCondition[];
  /** When it began, or told the last of them, ms of a clock that nobody sets. */
  heardAt: number;
}

export interface RefusedItem {
  readonly item: WatchedItem;
  status: number;
  /** A notifier of events is told of like an item, and not asked for again as if it were one. */
  readonly notifier: boolean;
}

export interface WatchingSubscription {
  order: NotificationOrder;
  readonly machines: Set<string>;
  events: boolean;
  /** The server says at least so often that it lives, ms. */
  readonly keepAliveMs: number;
}

/**
 * What a server keeps for us: subscriptions and the items in them. It is a session of the signals: their numbers go on as long
 * as it lives, over connections that break and come back, and it is never the same after the server has lost it.
 */
export interface Watch {
  readonly session: string;
  readonly subscriptions: Map<number, WatchingSubscription>;
  readonly items: Map<number, WatchedItem>;
  readonly notifiers: Map<number, WatchedNotifier>;
  readonly refreshes: RefreshPace;
  readonly refused: Map<number, RefusedItem>;
  readonly limits: OperationLimits;
}

/** Handle of the server's clock, whose beat shows that the server lives. */
export const HEART_BEAT = 1;
const BAD_TOO_MANY_ITEMS = 0x80db0000;
const TOO_MANY_SUBSCRIPTIONS = 'BadTooManySubscriptions';
/** A server that is not asked for so long throws a subscription away, ms. */
const LIFETIME_MS = 120_000;
/** Values or events in one message: what is held here while Kafka is slow is a few of these. */
const MOST_IN_MESSAGE = 2_000;
const EVENT_QUEUE = 1_000;

const subscribe = async (session: ServerSession, settings: OpcuaSettings, watch: Watch): Promise<number> => {
  const { publishingIntervalMs, keepAliveMs } = settings;
  const keepAlives = Math.max(1, Math.round(keepAliveMs / publishingIntervalMs));
  const { subscriptionId, revisedPublishingInterval, revisedMaxKeepAliveCount } = await session.createSubscription({
    requestedPublishingInterval: publishingIntervalMs,
    requestedMaxKeepAliveCount: keepAlives,
    requestedLifetimeCount: Math.max(3 * keepAlives, Math.ceil(LIFETIME_MS / publishingIntervalMs)),
    maxNotificationsPerPublish: MOST_IN_MESSAGE,
    publishingEnabled: true,
    priority: 0,
  });
  watch.subscriptions.set(subscriptionId, {
    order: firstNotification,
    machines: new Set(),
    events: false,
    keepAliveMs: revisedPublishingInterval * revisedMaxKeepAliveCount,
  });
  return subscriptionId;
};

/** Null where the server gives no more of them than there are. */
const subscribeBeside = async (
  session: ServerSession,
  settings: OpcuaSettings,
  watch: Watch,
): Promise<number | null> => {
  try {
    return await subscribe(session, settings, watch);
  } catch (error) {
    if (statusNameOf(error) === TOO_MANY_SUBSCRIPTIONS) return null;
    throw error;
  }
};

const requestFor = (handle: number, item: FoundItem) => ({
  itemToMonitor: { nodeId: resolveNodeId(item.nodeId), attributeId: AttributeIds.Value },
  monitoringMode: MonitoringMode.Reporting,
  requestedParameters: {
    clientHandle: handle,
    // -1: the publishing interval.
    samplingInterval: item.samplingMs ?? -1,
    queueSize: item.queueSize,
    discardOldest: true,
  },
});

interface RefusedBy {
  readonly handle: number;
  readonly item: WatchedItem;
  readonly status: number;
}

/** Asks for the items, one call after the other; those that the server does not take come back with its reason. */
const monitor = async (
  session: ServerSession,
  watch: Watch,
  subscriptionId: number,
  entries: ReadonlyArray<readonly [number, WatchedItem]>,
): Promise<RefusedBy[]> => {
  const refused: RefusedBy[] = [];
  const subscription = watch.subscriptions.get(subscriptionId)!;
  await inCalls(entries, watch.limits.monitor, async (chunk) => {
    const { results } = await session.createMonitoredItems({
      subscriptionId,
      timestampsToReturn: TimestampsToReturn.Both,
      itemsToCreate: chunk.map(([handle, item]) => requestFor(handle, item)),
    });
    for (const [index, [handle, item]] of chunk.entries()) {
      const status = results?.[index]?.statusCode.value ?? 0x80000000;
      if (qualityOf(status) === 'bad') refused.push({ handle, item, status });
      else {
        watch.items.set(handle, item);
        subscription.machines.add(item.machine);
      }
    }
  });
  return refused;
};

export interface WatchOptions {
  readonly session: ServerSession;
  readonly settings: OpcuaSettings;
  readonly limits: OperationLimits;
  readonly found: Found;
  readonly units: ReadonlyMap<string, string>;
  /** Name of the session of the signals. */
  readonly name: string;
}

/**
 * Has the server watch all that was found. Where it takes so many items in a subscription and no more, the rest gets another;
 * what finds no room in as many as it gives is refused.
 */
export const beginWatch = async ({ session, settings, limits, found, units, name }: WatchOptions): Promise<Watch> => {
  const watch: Watch = {
    session: name,
    subscriptions: new Map(),
    items: new Map(),
    notifiers: new Map(),
    refreshes: new RefreshPace(),
    refused: new Map(),
    limits,
  };
  const first = await subscribe(session, settings, watch);
  let subscriptionId: number | null = first;
  await session.createMonitoredItems({
    subscriptionId,
    timestampsToReturn: TimestampsToReturn.Both,
    itemsToCreate: [
      requestFor(HEART_BEAT, {
        nodeId: `ns=0;i=${VariableIds.Server_ServerStatus_CurrentTime}`,
        machine: settings.machine,
        path: '',
        samplingMs: settings.keepAliveMs,
        queueSize: 1,
      }),
    ],
  });
  let handle = HEART_BEAT;
  let waiting = found.items.map((item): readonly [number, WatchedItem] => [
    ++handle,
    { ...item, unit: units.get(item.nodeId) ?? null, told: null, type: null },
  ]);
  while (waiting.length > 0) {
    const before = watch.items.size;
    const refused: RefusedBy[] = await monitor(session, watch, subscriptionId, waiting);
    const full = refused.filter(({ status }) => status === BAD_TOO_MANY_ITEMS);
    const progress = watch.items.size > before;
    subscriptionId = progress && full.length > 0 ? await subscribeBeside(session, settings, watch) : null;
    for (const one of refused)
      if (subscriptionId === null || one.status !== BAD_TOO_MANY_ITEMS)
        watch.refused.set(one.handle, { ...one, notifier: false });
    if (subscriptionId === null) break;
    waiting = full.map(({ handle: of, item }) => [of, item] as const);
  }
  const events = watch.subscriptions.get(first)!;
  for (const [index, notifier] of found.notifiers.entries()) {
    const own = ++handle;
    const { results } = await session.createMonitoredItems({
      subscriptionId: first,
      timestampsToReturn: TimestampsToReturn.Both,
      itemsToCreate: [
        {
          itemToMonitor: { nodeId: resolveNodeId(notifier.nodeId), attributeId: AttributeIds.EventNotifier },
          monitoringMode: MonitoringMode.Reporting,
          requestedParameters: {
            clientHandle: own,
            samplingInterval: 0,
            queueSize: EVENT_QUEUE,
            discardOldest: true,
            filter: constructEventFilter([...EVENT_FIELDS]),
          },
        },
      ],
    });
    const status = results?.[0]?.statusCode.value ?? 0x80000000;
    if (qualityOf(status) === 'bad') {
      watch.refused.set(own, { item: asItem(notifier), status, notifier: true });
      continue;
    }
    events.events = true;
    events.machines.add(notifier.machine);
    watch.notifiers.set(own, { ...notifier, index, refreshing: null });
  }
  return watch;
};

/** A notifier that is refused is told like an item, by the name of its node. */
const asItem = (notifier: FoundNotifier): WatchedItem => ({
  ...notifier,
  path: notifier.nodeId,
  samplingMs: null,
  queueSize: EVENT_QUEUE,
  unit: null,
  told: null,
  type: null,
});

/**
 * Asks again for what was refused: a server that starts lets its nodes appear one by one. Gives the items whose reason is
 * another one now.
 */
export const askAgain = async (session: ServerSession, watch: Watch): Promise<WatchedItem[]> => {
  const subscriptionId = [...watch.subscriptions.keys()].at(-1);
  const items = [...watch.refused]
    .filter(([, { notifier }]) => !notifier)
    .map(([handle, { item }]): readonly [number, WatchedItem] => [handle, item]);
  if (subscriptionId === undefined || items.length === 0) return [];
  const refused = new Map(
    (await monitor(session, watch, subscriptionId, items)).map((one) => [one.handle, one] as const),
  );
  const changed: WatchedItem[] = [];
  for (const [handle, item] of items) {
    const held = watch.refused.get(handle)!;
    const now = refused.get(handle);
    if (now === undefined) watch.refused.delete(handle);
    else if (now.status !== held.status) {
      held.status = now.status;
      changed.push(item);
    }
  }
  return changed;
};
