import {
  advanceRecordingClock,
  clockOfRecording,
  type RecordingClock,
  type Signal,
  startRecordingClock,
  UNAVAILABLE_CODE,
} from '@millrace/domain';
import type { StreamsDocument, StreamsObservation } from './streams-document';

export interface StreamsPlace {
  readonly tenant: string;
  readonly machine: string;
  readonly source: string;
}

/**
 * The signals of a recorded document, in the order of their sequence. Their session is the agent's instance and their
 * position the agent's sequence, so two documents that overlap have each observation's effect once.
 *
 * The recording's clock follows the adapter's stamps only: UNAVAILABLE carries the agent's, and an agent that is fed an old
 * log stamps it months after the values beside it.
 */
export const signalsOf = (
  document: StreamsDocument,
  place: StreamsPlace,
): { signals: Signal[]; endsAt: number | null } => {
  const { observations } = document;
  const first = observations.find((observation) => !isUnavailable(observation)) ?? observations[0];
  if (first === undefined) return { signals: [], endsAt: null };
  let clock: RecordingClock = startRecordingClock(Date.parse(first.timestamp));
  const signals = observations.map((observation) => {
    if (!isUnavailable(observation)) clock = advanceRecordingClock(clock, Date.parse(observation.timestamp));
    return {
      ...signalOf(observation, place, document.instanceId, new Date(clock.written).toISOString()),
      at: new Date(clock.now).toISOString(),
      clock: clockOfRecording(isUnavailable(observation) ? 'agent' : 'adapter', clock),
    };
  });
  return { signals, endsAt: clock.now };
};

export const isUnavailable = (observation: StreamsObservation): boolean =>
  observation.kind === 'condition' ? observation.value.level === 'UNAVAILABLE' : observation.value === null;

/** One observation as a signal; `received` is RFC 3339. */
export const signalOf = (
  observation: StreamsObservation,
  place: StreamsPlace,
  session: string,
  received: string,
): Signal => {
  const unavailable = isUnavailable(observation);
  return {
    v: 1,
    tenant: place.tenant,
    machine: place.machine,
    source: place.source,
    session,
    seq: observation.sequence,
    path: observation.path,
    kind: observation.kind,
    value: observation.kind === 'condition' ? { ...observation.value } : observation.value,
    type:
      observation.kind === 'condition'
        ? 'condition'
        : typeof observation.value === 'object' && observation.value !== null
          ? 'json'
          : 'string',
    unit: null,
    quality: unavailable ? 'stale' : 'good',
    qualityCode: unavailable ? UNAVAILABLE_CODE : null,
    sourceTs: observation.timestamp,
    serverTs: null,
    receiveTs: received,
    at: received,
    clock: unavailable ? 'agent' : 'adapter',
    flags: [],
    raw: { proto: 'file', ref: `sequence:${observation.sequence}` },
  };
};
