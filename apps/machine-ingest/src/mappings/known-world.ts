import { type KnownWorld, type OutsideNames, unknownNames } from '@millrace/machine-mapping';
import type { MappingProblemView } from '@millrace/protocol';
import type { SourceDirectory } from '../signal-intake/source-views';

/** Machines that were heard, and what of. */
export interface HeardMachines {
  /** Names of those of a tenant. */
  heardMachines(tenant: string): readonly string[];
  /** Data items of one of them; `areAll`: none is left out. */
  itemsOf(
    tenant: string,
    machine: string,
  ): { readonly items: readonly { readonly source: string; readonly path: string }[]; readonly areAll: boolean };
}

/** Data items that a mapping is held against; of more than those nothing is said. */
const MOST_ITEMS = 20_000;

/** Holds what a document names against the sources and machines that this process knows of. */
export class KnownWorlds {
  constructor(
    private readonly parts: {
      readonly sources: Pick<SourceDirectory, 'all'>;
      readonly machines: HeardMachines;
      /** Resolves when the sources are those that there are now, or some time is over. */
      readonly caughtUp: () => Promise<void>;
    },
  ) {}

  /** What is said of the document already, and of what it names that is not known here, in the order of the text. */
  async warningsOf(
    tenant: string,
    { warnings, outside }: { readonly warnings: readonly MappingProblemView[]; readonly outside: OutsideNames },
  ): Promise<MappingProblemView[]> {
    await this.parts.caughtUp();
    const unknown = unknownNames(outside, this.of(tenant, outside));
    return [...warnings, ...unknown].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  private of(tenant: string, { machines: named }: OutsideNames): KnownWorld {
    const { sources, machines } = this.parts;
    const heard = machines.heardMachines(tenant);
    const known = new Set(heard);
    const items: { source: string; path: string }[] = [];
    let areAllItems = true;
    for (const { name } of named) {
      if (!known.has(name)) continue;
      if (items.length >= MOST_ITEMS) {
        areAllItems = false;
        break;
      }
      const of = machines.itemsOf(tenant, name);
      for (const { source, path } of of.items) items.push({ source, path });
      areAllItems &&= of.areAll;
    }
    return {
      sources: [...sources.all()].flatMap((source) =>
        source.tenant === tenant ? [{ name: source.name, type: source.type }] : [],
      ),
      machines: heard,
      items,
      areAllItems,
    };
  }
}
