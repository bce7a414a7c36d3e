import type { Signal } from '@millrace/domain';
import { newSignal } from '../new-signal';
import { isUnavailable } from '../observed-value';
import type { DataItem } from './device-model';
import type { Route } from './mtconnect-settings';
import { ucumOf } from './mtconnect-units';
import type { StreamsAnswer, StreamsObservation } from './streams-document';
import { signalOf } from './streams-signals';

export interface LivePlace {
  readonly tenant: string;
  readonly source: string;
  readonly session: string;
}

/** An observation of a machine that is read, in the order of the agent. */
export interface Observed {
  readonly machine: string;
  readonly item: DataItem | undefined;
  readonly observation: StreamsObservation;
}

/** What a document says of the machines that are read, by sequence: its own order groups by data item and tells nothing. */
export const observedIn = (answer: StreamsAnswer, routes: readonly Route[]): Observed[] => {
  const all: Observed[] = [];
  for (const { name, uuid, observations } of answer.devices) {
    const route = routes.find(({ device }) => (device.uuid !== '' && device.uuid === uuid) || device.name === name);
    if (route === undefined) continue;
    for (const observation of observations)
      all.push({ machine: route.machine, item: route.device.items.get(observation.item), observation });
  }
  return all.sort((a, b) => a.observation.sequence - b.observation.sequence);
};

/** Each sequence from `next` on once; a document that repeats what was read has it dropped here. */
export const unread = (all: readonly Observed[], next: number): Observed[] => {
  let high = next - 1;
  return all.filter(({ observation: { sequence } }) => {
    if (sequence <= high) return false;
    high = sequence;
    return true;
  });
};

export const liveSignal = (
  { machine, item, observation }: Observed,
  place: LivePlace,
  receivedAt: number,
  flags: Signal['flags'],
): Signal => {
  const unit = item === undefined || item.units === '' ? null : ucumOf(item.units);
  return signalOf(observation, { ...place, machine }, place.session, receivedAt, {
    unit,
    flags,
    raw: {
      proto: 'mtc',
      ref: `sequence:${observation.sequence}${unit === null && item?.units ? ` units:${item.units}` : ''}`,
    },
  });
};

/** A data item that the agent has no more: silence would leave its last value standing for ever. */
export const removedSignal = (
  { tenant, machine, source, session }: LivePlace & { readonly machine: string },
  path: string,
  receivedAt: number,
): Signal =>
  newSignal({
    tenant,
    machine,
    source,
    session,
    path,
    kind: 'event',
    value: null,
    type: 'string',
    quality: 'bad',
    qualityCode: 'mtc:REMOVED',
    receivedAt,
    clock: 'millrace',
    raw: { proto: 'mtc', ref: `removed:${path}` },
  });

/**
 * When an observation that waited in the agent's buffer would have been received: its stamp, by the agent's clock corrected to
 * ours. A machine that was not read for ten minutes has its states at their times, and not all in the second of the return.
 * Never before the one that came before it, never in the future; what the agent itself stamped (UNAVAILABLE) moves nothing,
 * since its stamps lie elsewhere than those of the adapter beside them.
 */
export const receivedFromBuffer = (
  observation: StreamsObservation,
  before: number | null,
  agentAhead: number,
  now: number,
): number => {
  const stamp = Date.parse(observation.timestamp) - agentAhead;
  const said = isUnavailable(observation) && before !== null ? before : stamp;
  return Math.min(now, Math.max(said, before ?? said));
};
