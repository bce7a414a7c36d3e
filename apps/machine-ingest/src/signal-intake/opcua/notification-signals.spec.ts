import {
  DataType,
  EventFieldList,
  EventNotificationList,
  NotificationMessage,
  resolveNodeId,
  Variant,
} from 'node-opcua-client';
import { EVENT_FIELDS, type EventFields } from './condition-event';
import { ConditionMemory } from './condition-memory';
import { signalsOf } from './notification-signals';
import { SignalWriter } from './signal-writer';
import type { Watch } from './watch';

const HANDLE = 7;
const watch: Watch = {
  session: 's',
  subscriptions: new Map(),
  items: new Map(),
  notifiers: new Map([[HANDLE, { nodeId: 'ns=0;i=2253', machine: 'press-01', index: 0, refreshing: null }]]),
  refused: new Map(),
  limits: { read: 1, browse: 1, translate: 1, monitor: 1 },
};

const messageOf = (...events: readonly EventFields[]): NotificationMessage =>
  new NotificationMessage({
    sequenceNumber: 1,
    notificationData: [
      new EventNotificationList({
        events: events.map(
          (fields) =>
            new EventFieldList({
              clientHandle: HANDLE,
              eventFields: EVENT_FIELDS.map((name) => {
                const value = fields[name] ?? null;
                return value === null
                  ? new Variant()
                  : new Variant({ dataType: DataType.NodeId, value: resolveNodeId(String(value)) });
              }),
            }),
        ),
      }),
    ],
  });

describe('events of a server', () => {
  it('that found no room in its queue are a gap, and all conditions are asked for', async () => {
    const counts: string[] = [];
    let asked = 0;
    const writer = new SignalWriter({ tenant: 'default', source: 'press', monotonic: () => 0 });
    const signals = await signalsOf(
      {
        writer,
        conditions: new ConditionMemory([]),
        session: {} as never,
        watch,
        count: (name) => counts.push(name),
        refreshRequired: () => asked++,
      },
      messageOf({ EventType: 'ns=0;i=3035' }),
      0,
    );
    expect(signals).toMatchObject([
      { path: '$gap', machine: 'press-01', value: { kind: 'queue', path: 'ns=0;i=2253', lost: null } },
    ]);
    expect(asked).toBe(1);
    expect(counts).toEqual(['overflows']);
  });
});
