import { type ConditionValue, type Signal, UNAVAILABLE_CODE } from '@millrace/domain';

/** What an adapter (SHDR) or an agent (MTConnectStreams) says of a data item; a value that is null is UNAVAILABLE. */
export type ObservedValue =
  | { readonly kind: 'condition'; readonly value: ConditionValue }
  | {
      readonly kind: 'value' | 'sample' | 'event';
      readonly value: string | { readonly [name: string]: unknown } | null;
    };

export const isUnavailable = (observed: ObservedValue): boolean =>
  observed.kind === 'condition' ? observed.value.level === 'UNAVAILABLE' : observed.value === null;

/** Who stamped it: an agent writes UNAVAILABLE with its own clock between values that carry the adapter's. */
export const stamperOf = (observed: ObservedValue): 'adapter' | 'agent' =>
  isUnavailable(observed) ? 'agent' : 'adapter';

/** The members of a signal that follow from it. MTConnect's texts stay texts: what they are, a mapping says. */
export const observedMembers = (
  observed: ObservedValue,
): Pick<Signal, 'value' | 'type' | 'quality' | 'qualityCode'> => ({
  ...(isUnavailable(observed)
    ? { quality: 'stale', qualityCode: UNAVAILABLE_CODE }
    : { quality: 'good', qualityCode: null }),
  ...(observed.kind === 'condition'
    ? { value: { ...observed.value }, type: 'condition' }
    : {
        value: observed.value,
        type: typeof observed.value === 'object' && observed.value !== null ? 'json' : 'string',
      }),
});
