import { setTimeout as delay } from 'node:timers/promises';
import type { LostMapping, MappingByHash, MappingMissing } from '@millrace/domain';
import { mappingKey } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';

/**
 * Beyond the end of the topic `mappings`. A mapping is acknowledged before the `$config` that names it is written, so what
 * lies before that end decides; this much is left to people who restore the topics one by one.
 */
export const LONGEST_WAIT_FOR_A_MAPPING_MS = 10_000;
/**
 * After a wait that was in vain only the end of the topic `mappings` is waited for, so that a log full of made-up hashes
 * holds up what is behind them once in such a time, and not once for each.
 */
const IN_VAIN_FOR_MS = 60_000;
/** Hashes that are nowhere; of an older one the waiting begins anew. */
const REMEMBERED = 1_000;

const NOWHERE: LostMapping = {
  lost: 'mapping_unknown',
  detail: 'No mapping of this hash is stored.',
};

export interface AwaitedMappingsPorts {
  /** Those of a tenant. */
  readonly mappings: (tenant: string) => MappingByHash;
  /** Resolves when all mappings that were stored at the time of the call are known. */
  readonly mappingsCaughtUp: () => Promise<void>;
  readonly longestWaitMs: number;
  /** Unix ms. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  /** There is nothing more to wait for: what waits is to be folded again. */
  readonly onGivenUp: () => void;
}

/**
 * Tells a mapping that is on its way from one that nobody has: whoever may write a `$config` may name what he likes, and a
 * partition that waited for it would wait for ever.
 */
export class AwaitedMappings {
  private readonly awaited = new Set<string>();
  /** Oldest first. */
  private readonly nowhere = new Set<string>();
  /** Until then nobody is waited for beyond the end of the topic; Unix ms. */
  private inVainUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly ports: AwaitedMappingsPorts) {}

  /** How many are waited for now. */
  get count(): number {
    return this.awaited.size;
  }

  /** Null while it is waited for; one that has come after all is there. */
  of(tenant: string): MappingByHash {
    const find = this.ports.mappings(tenant);
    return (hash) => find(hash) ?? (this.nowhere.has(mappingKey(tenant, hash)) ? NOWHERE : null);
  }

  /** Begins to wait, once for each hash. */
  missing(missing: MappingMissing): void {
    const { tenant, machine, mapping } = missing;
    const place = mappingKey(tenant, mapping.hash);
    if (this.awaited.has(place)) return;
    this.awaited.add(place);
    this.ports.logger.warn({ tenant, machine, mapping }, missing.message);
    void this.waited().then((how) => {
      this.awaited.delete(place);
      if (how === 'stopped' || this.ports.mappings(tenant)(mapping.hash) !== null) return;
      if (how === 'long') this.inVainUntil = this.ports.clock() + IN_VAIN_FOR_MS;
      this.remember(place);
      this.ports.logger.error(
        { tenant, machine, mapping },
        'a mapping is nowhere in the topic of mappings: what names it goes to the quarantine as mapping_unknown; activate it, or another one, for the machine',
      );
      this.ports.onGivenUp();
    });
  }

  private async waited(): Promise<'to the end' | 'long' | 'stopped'> {
    const { mappingsCaughtUp, longestWaitMs, stopping, clock } = this.ports;
    await mappingsCaughtUp();
    if (clock() < this.inVainUntil) return stopping.aborted ? 'stopped' : 'to the end';
    return delay(longestWaitMs, 'long' as const, { signal: stopping, ref: false }).catch(() => 'stopped' as const);
  }

  private remember(place: string): void {
    this.nowhere.add(place);
    const [oldest] = this.nowhere;
    if (oldest !== undefined && this.nowhere.size > REMEMBERED) this.nowhere.delete(oldest);
  }
}
