/**
 * The form in which signals are recorded, one on a line (`{"v": 1, "tenant": ..., "sourceTs": ..., "receiveTs": ...}`), as
 * the members of a request. A request is received now whatever the recording says, so `receiveTs`, `at` and what else only
 * Millrace can know are left out; `mappings/test` is the place where a recording keeps its own time.
 */
export type RequestMembers =
  | { readonly kind: 'item'; readonly item: { readonly [name: string]: unknown } }
  | { readonly kind: 'wrong'; readonly path: string; readonly detail: string };

type Members = { readonly [name: string]: unknown };

export const isRecordedSignal = (item: unknown): item is Members =>
  typeof item === 'object' && item !== null && !Array.isArray(item) && Object.hasOwn(item, 'v');

export const requestMembersOf = (item: Members, tenant: string): RequestMembers => {
  const { v, tenant: named, sourceTs, receiveTs, serverTs, at, clock, raw, type, ...rest } = item;
  if (v !== 1) return { kind: 'wrong', path: 'v', detail: 'must be 1, the only form of a recorded signal' };
  if (named !== undefined && named !== tenant)
    return {
      kind: 'wrong',
      path: 'tenant',
      detail: 'is not the tenant of the API key; leave it out or use its own key',
    };
  return {
    kind: 'item',
    item: {
      ...rest,
      ...(type === undefined ? {} : { type: type === 'boolean' ? 'bool' : type }),
      ...(sourceTs === undefined ? {} : { timestamp: sourceTs }),
    },
  };
};
