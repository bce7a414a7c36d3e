import { type MappingByHash, machineKey, mappingInForce } from '@millrace/domain';
import type { MachineSignalList } from '@millrace/protocol';
import type { LastSignals } from './last-signals';
import type { MachineDirectory } from './machine-directory';
import { pageOfSignals } from './signal-view';
import type { StoredSignals } from './stored-signals';

/** The last signals of any machine: of one that is folded here as they are, of another as its holder wrote them. */
export class MachineSignals {
  constructor(
    private readonly parts: {
      readonly live: LastSignals;
      readonly stored: StoredSignals;
      readonly directory: Pick<MachineDirectory, 'get'>;
      readonly mappings: (tenant: string) => MappingByHash;
      /** Unix ms. */
      readonly clock: () => number;
    },
  ) {}

  /** Null for a machine that is not known. */
  page(
    tenant: string,
    machine: string,
    query: { readonly limit: number; readonly after: string | null },
  ): MachineSignalList | null {
    const { live, stored, directory, mappings, clock } = this.parts;
    const key = machineKey(tenant, machine);
    const state = directory.get(key);
    if (state === null) return null;
    const mapping = mappingInForce(state, mappings(tenant));
    return pageOfSignals(live.of(key) ?? stored.of(key), query, { state, mapping, now: clock() });
  }
}
