import { machineKey } from '@millrace/domain';
import type { SourceRegistry } from './source-registry';
import type { SourceDirectory } from './source-views';

/** Machines that a recording is played for: it brings its own time, and the wall clock must not close their windows. */
export class RecordedMachines {
  private keys: ReadonlySet<string> = new Set();
  private of = -1;

  constructor(
    private readonly directory: Pick<SourceDirectory, 'all' | 'revision'>,
    private readonly registry: SourceRegistry,
  ) {}

  has(tenant: string, machine: string): boolean {
    if (this.of !== this.directory.revision) {
      this.of = this.directory.revision;
      this.keys = new Set(this.read());
    }
    return this.keys.has(machineKey(tenant, machine));
  }

  private *read(): Iterable<string> {
    for (const { tenant, type, enabled, settings } of this.directory.all()) {
      const kind = this.registry.find(type);
      if (!enabled || kind === null || !kind.recorded) continue;
      const read = kind.read(settings);
      if (read.kind !== 'ready') continue;
      for (const machine of read.source.machines ?? []) yield machineKey(tenant, machine);
    }
  }
}
