import type { LifecycleWord, Signal } from '@millrace/domain';

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
): Signal =>
  mqttSignal(place, now, '$lifecycle', {
    machine,
    session,
    path: '$lifecycle',
    kind: 'lifecycle',
    value: word,
    type: 'string',
    clock: 'millrace',
    ...more,
  });

/** Something did not come. `from` and `to`: first and last number that is missing; null where that is not known. */
export const gapSignal = (
  place: SignalPlace,
  now: number,
  machine: string,
  session: string,
  value: { readonly from: number | null; readonly to: number | null; readonly lost: number | null },
): Signal =>
  mqttSignal(place, now, '$gap', {
    machine,
    session,
    path: '$gap',
    kind: 'lifecycle',
    value,
    type: 'json',
    clock: 'millrace',
  });
