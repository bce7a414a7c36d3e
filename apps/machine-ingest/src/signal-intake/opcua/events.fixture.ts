import {
  DataType,
  EventFieldList,
  EventNotificationList,
  NotificationMessage,
  resolveNodeId,
  Variant,
} from 'node-opcua-client';
import { EVENT_FIELDS, type EventFields } from './condition-event';
import { RefreshPace } from './refresh-pace';
import type { Watch } from './watch';

/** Of the one notifier in `watchOf`. */
export const HANDLE = 7;
export const LOST = { EventType: 'ns=0;i=3035' };
export const START = { EventType: 'ns=0;i=2787' };
export const END = { EventType: 'ns=0;i=2788' };

export const watchOf = (): Watch => ({
  session: 's',
  subscriptions: new Map(),
  items: new Map(),
  notifiers: new Map([[HANDLE, { nodeId: 'ns=0;i=2253', machine: 'press-01', index: 0, refreshing: null }]]),
  refreshes: new RefreshPace(),
  refused: new Map(),
  limits: { read: 1, browse: 1, translate: 1, monitor: 1 },
});

export const conditionOf = (name: string, active: boolean): EventFields => ({
  EventType: 'ns=0;i=2915',
  SourceName: 'Press',
  ConditionName: name,
  ConditionId: `ns=2;s=${name}`,
  Severity: 500,
  Retain: true,
  'ActiveState.Id': active,
});

const variantOf = (value: string | number | boolean | null): Variant => {
  if (value === null) return new Variant();
  if (typeof value === 'boolean') return new Variant({ dataType: DataType.Boolean, value });
  if (typeof value === 'number') return new Variant({ dataType: DataType.UInt16, value });
  return value.startsWith('ns=')
    ? new Variant({ dataType: DataType.NodeId, value: resolveNodeId(value) })
    : new Variant({ dataType: DataType.String, value });
};

export const messageOf = (...events: readonly EventFields[]): NotificationMessage =>
  new NotificationMessage({
    sequenceNumber: 1,
    notificationData: [
      new EventNotificationList({
        events: events.map(
          (fields) =>
            new EventFieldList({
              clientHandle: HANDLE,
              eventFields: EVENT_FIELDS.map((name) => variantOf(fields[name] ?? null)),
            }),
        ),
      }),
    ],
  });
