import type { LifecycleWord, Signal } from '@millrace/domain';
import { gapSignal as gapOf, lifecycleSignal } from '../lifecycle-signal';

/** What every signal of one source has in common. */
export interface SignalPlace {
  readonly tenant: string;
  readonly source: string;
  readonly proto: 'mqtt' | 'spb';
}

type Given = Pick<Signal, 'machine' | 'session' | 'path' | 'kind' | 'value' | 'type'> & Partial<Signal>;

/** A signal with the members that few signals differ in. `receivedAt`: Unix ms. */
export const mqttSignal = (place: SignalPlace, receivedAt: number, ref: string, given: Given): Signal => {
  const received = new Date(receivedAt).toISOString();
  return {
    v: 1,
    tenant: place.tenant,
    source: place.source,
    seq: null,
    unit: null,
    quality: 'good',
    qualityCode: null,
    sourceTs: null,
    serverTs: null,
    receiveTs: received,
    at: received,
    clock: 'device',
    flags: [],
    raw: { proto: place.proto, ref },
    ...given,
  };
};

export const lifecycleWord = (
  place: SignalPlace,
  now: number,
  machine: string,
  session: string,
  word: LifecycleWord,
  more: Partial<Signal> = {},
): Signal => ({ ...lifecycleSignal({ ...place, machine, session }, word, null, now), ...more });

/** Something did not come. */
export const gapSignal = (
  place: SignalPlace,
  now: number,
  machine: string,
  session: string,
  gap: Parameters<typeof gapOf>[1],
): Signal => gapOf({ ...place, machine, session }, gap, now);
