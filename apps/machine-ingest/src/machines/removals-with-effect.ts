import { machineKey, REMOVED_PATH, type Signal } from '@millrace/domain';

/**
 * Of records that were folded, the last removal of each machine that had effect; one of a machine that had spoken meanwhile is
 * passed over. No record says which it was. But a state counts its signals since the removal: there are at least that many
 * behind it, and fewer behind one that was passed over later.
 *
 * @param records in their order, up to the last one that is in a state
 * @param counted `counts.signals` of the state, by the machine's key
 */
export const removalsWithEffect = <Read extends { readonly signal: Pick<Signal, 'tenant' | 'machine' | 'path'> }>(
  records: readonly Read[],
  counted: (key: string) => number,
): ReadonlySet<Read> => {
  const behind = new Map<string, number>();
  const removals = new Map<string, Read>();
  for (const record of [...records].reverse()) {
    const { tenant, machine, path } = record.signal;
    const key = machineKey(tenant, machine);
    const signals = behind.get(key) ?? 0;
    if (path !== REMOVED_PATH) behind.set(key, signals + 1);
    else if (signals >= counted(key) && !removals.has(key)) removals.set(key, record);
  }
  return new Set(removals.values());
};
