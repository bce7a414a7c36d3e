import type { ConditionValue } from '@millrace/domain';

/**
 * Fields that are asked of each event (OPC 10000-9, 5.5.2, 5.7.2, 5.8.2), in the order in which they come. The last is the
 * node id of the condition, which is no field but an attribute.
 */
export const EVENT_FIELDS = [
  'EventType',
  'SourceName',
  'Time',
  'ReceiveTime',
  'Message',
  'Severity',
  'ConditionName',
  'BranchId',
  'Retain',
  'EnabledState.Id',
  'ActiveState.Id',
  'AckedState.Id',
  'ConfirmedState.Id',
  'SuppressedState.Id',
  'ShelvingState.CurrentState.Id',
  'LimitState.CurrentState.Id',
  'ConditionId',
] as const;
export type EventField = (typeof EVENT_FIELDS)[number];
export type EventFields = { readonly [field in EventField]?: string | number | boolean | null };

/** EventTypes by which a server frames its answer to ConditionRefresh (OPC 10000-9, 5.11). */
export const REFRESH_START = 'ns=0;i=2787';
export const REFRESH_END = 'ns=0;i=2788';
export const REFRESH_REQUIRED = 'ns=0;i=2789';
/** EventQueueOverflowEventType: the server threw events away that found no room in the queue of a notifier (OPC 10000-4, 7.22.3). */
export const EVENTS_LOST = 'ns=0;i=3035';

/** ShelvedStateMachineType: Unshelved; TimedShelved and OneShotShelved are the others. */
const UNSHELVED = 'ns=0;i=2930';
const NO_NODE = 'ns=0;i=0';

/** States of ExclusiveLimitStateMachineType. */
const LIMITS: { readonly [state: string]: string } = {
  'ns=0;i=9329': 'HIGH',
  'ns=0;i=9331': 'HIGH',
  'ns=0;i=9333': 'LOW',
  'ns=0;i=9335': 'LOW',
};

/** Severity of OPC UA goes from 1 to 1000; the upper third stops a machine (OPC 10000-5, 6.4.2: 667 and above is "high"). */
const FAULT_FROM = 667;

export type ConditionAction = NonNullable<ConditionValue['action']>;

/** One condition as it was last told; its states are independent of each other (OPC 10000-9, 5.2). */
export interface ConditionStand {
  readonly active: boolean;
  readonly acknowledged: boolean;
  readonly confirmed: boolean;
  readonly shelved: boolean;
  readonly suppressed: boolean;
}

export interface ReadCondition {
  readonly conditionId: string;
  /** `Press/PressureHigh` */
  readonly path: string;
  readonly value: ConditionValue;
  readonly stand: ConditionStand;
  readonly sourceTs: string | null;
  readonly serverTs: string | null;
}

/** Some servers write a name with the number of its namespace before it, which is another one after a restart. */
const nameOf = (value: string | number | boolean | null | undefined): string => textOf(value).replace(/^\d+:/, '');

const textOf = (value: string | number | boolean | null | undefined): string =>
  value === null || value === undefined ? '' : String(value);

/** What an event says of its condition; null for an event that is of none, or of a branch: a branch is an earlier occurrence. */
export const readConditionEvent = (fields: EventFields): ReadCondition | null => {
  const conditionId = textOf(fields.ConditionId);
  if (conditionId === '' || conditionId === NO_NODE) return null;
  const branch = textOf(fields.BranchId);
  if (branch !== '' && branch !== NO_NODE) return null;
  const enabled = fields['EnabledState.Id'] !== false;
  // A condition without an ActiveState matters as long as the server retains it.
  const active = enabled && (fields['ActiveState.Id'] ?? fields.Retain) === true;
  const shelving = textOf(fields['ShelvingState.CurrentState.Id']);
  const severity = Number(fields.Severity ?? 0);
  const name = nameOf(fields.ConditionName);
  return {
    conditionId,
    path: [nameOf(fields.SourceName), name === '' ? conditionId : name].filter((part) => part !== '').join('/'),
    value: {
      level: !active ? 'NORMAL' : severity >= FAULT_FROM ? 'FAULT' : 'WARNING',
      nativeCode: name === '' ? conditionId : name,
      nativeSeverity: severity === 0 ? '' : String(severity),
      qualifier: active ? (LIMITS[textOf(fields['LimitState.CurrentState.Id'])] ?? '') : '',
      text: textOf(fields.Message),
    },
    stand: {
      active,
      acknowledged: fields['AckedState.Id'] === true,
      confirmed: fields['ConfirmedState.Id'] === true,
      shelved: shelving !== '' && shelving !== NO_NODE && shelving !== UNSHELVED,
      suppressed: fields['SuppressedState.Id'] === true,
    },
    sourceTs: fields.Time === undefined || fields.Time === null ? null : String(fields.Time),
    serverTs: fields.ReceiveTime === undefined || fields.ReceiveTime === null ? null : String(fields.ReceiveTime),
  };
};

const FRESH: ConditionStand = {
  active: false,
  acknowledged: false,
  confirmed: false,
  shelved: false,
  suppressed: false,
};

/**
 * What people did to a condition since it was last told. Where it is acknowledged or confirmed in the moment in which it comes
 * or goes, the server did that by itself: only what comes about in between, or stands in a snapshot, is an action.
 */
export const actionsBetween = (
  before: ConditionStand | null,
  now: ConditionStand,
  snapshot: boolean,
): ConditionAction[] => {
  const actions: ConditionAction[] = [];
  const known = before ?? FRESH;
  const told = snapshot ? now.active || before !== null : before !== null && now.active === before.active;
  if (now.acknowledged && !known.acknowledged && told) actions.push('acknowledged');
  if (now.confirmed && !known.confirmed && told && before !== null) actions.push('confirmed');
  if (now.shelved !== known.shelved) actions.push(now.shelved ? 'shelved' : 'unshelved');
  if (now.suppressed !== known.suppressed) actions.push(now.suppressed ? 'suppressed' : 'unsuppressed');
  return actions;
};
