import { type MappingByHash, machineKey, mappingInForce } from '@millrace/domain';
import type { LastSignal, MachineSignalList } from '@millrace/protocol';
import type { HeardMachines } from '../mappings/known-world';
import { type LastSignals, MOST_ITEMS } from './last-signals';
import type { MachineDirectory } from './machine-directory';
import { pageOfSignals } from './signal-view';
import type { StoredSignals } from './stored-signals';

/** The last signals of any machine: of one that is folded here as they are, of another as its holder wrote them. */
export class MachineSignals implements HeardMachines {
  constructor(
    private readonly parts: {
      readonly live: LastSignals;
      readonly stored: StoredSignals;
      readonly directory: Pick<MachineDirectory, 'present' | 'ofTenant'>;
      readonly mappings: (tenant: string) => MappingByHash;
      /** Unix ms. */
      readonly clock: () => number;
    },
  ) {}

  /** A machine that has a mapping and nothing else is known and was not heard. */
  heardMachines(tenant: string): string[] {
    return this.parts.directory
      .ofTenant(tenant)
      .flatMap(({ machine, lastSignal }) => (lastSignal === null ? [] : [machine]));
  }

  itemsOf(tenant: string, machine: string): ReturnType<HeardMachines['itemsOf']> {
    const items = this.heard(machineKey(tenant, machine));
    return { items, areAll: items.length < MOST_ITEMS };
  }

  /** Null for a machine that is not known. */
  page(
    tenant: string,
    machine: string,
    query: { readonly limit: number; readonly after: string | null },
  ): MachineSignalList | null {
    const { directory, mappings, clock } = this.parts;
    const key = machineKey(tenant, machine);
    const state = directory.present(key);
    if (state === null) return null;
    const mapping = mappingInForce(state, mappings(tenant));
    return pageOfSignals(this.heard(key), query, { state, mapping, now: clock() });
  }

  private heard(key: string): readonly LastSignal[] {
    return this.parts.live.of(key) ?? this.parts.stored.of(key);
  }
}
