import {
  advanceRecordingClock,
  clockOfRecording,
  type RecordingClock,
  type Signal,
  startRecordingClock,
} from '@millrace/domain';
import { newSignal, type SaidSignal } from '../new-signal';
import { isUnavailable, observedMembers, stamperOf } from '../observed-value';
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
    return signalOf(observation, place, document.instanceId, clock.written, {
      evaluatedAt: clock.now,
      clock: clockOfRecording(stamperOf(observation), clock),
    });
  });
  return { signals, endsAt: clock.now };
};

/** One observation as a signal; `receivedAt` is Unix ms. */
export const signalOf = (
  observation: StreamsObservation,
  { tenant, machine, source }: StreamsPlace,
  session: string,
  receivedAt: number,
  more: Partial<SaidSignal> = {},
): Signal =>
  newSignal({
    tenant,
    machine,
    source,
    session,
    seq: observation.sequence,
    path: observation.path,
    kind: observation.kind,
    ...observedMembers(observation),
    sourceTs: observation.timestamp,
    receivedAt,
    clock: stamperOf(observation),
    raw: { proto: 'file', ref: `sequence:${observation.sequence}` },
    ...more,
  });
