import type { OpenSourceHealth } from './source-kind';
import { sourceMetrics } from './source-metrics';

/** How one source is doing that runs here. */
export interface GaugedSource {
  readonly kind: string;
  readonly health: OpenSourceHealth;
  /** When its last signal was stored, Unix ms. */
  readonly lastAt: number | null;
}

interface OfKind {
  queued: number;
  lagMs: number;
  silentMs: number;
}

const NOTHING: Readonly<OfKind> = { queued: 0, lagMs: 0, silentMs: 0 };

/** The sources of a process as gauges, by their kinds: of their names there may be thousands. */
export class SourceGauges {
  private told: readonly { readonly kind: string; readonly connection: string }[] = [];

  /** `now`: Unix ms. */
  tell(sources: readonly GaugedSource[], now: number): void {
    const kinds = new Map<string, OfKind>();
    const connections = new Map<string, { readonly kind: string; readonly connection: string; count: number }>();
    for (const { kind, health, lastAt } of sources) {
      const { queued, lagMs, connection } = health;
      const silentMs = connection.state === 'connected' ? now - Math.max(connection.since, lastAt ?? 0) : 0;
      const sum = kinds.get(kind) ?? NOTHING;
      kinds.set(kind, {
        queued: sum.queued + queued,
        lagMs: Math.max(sum.lagMs, lagMs ?? 0),
        silentMs: Math.max(sum.silentMs, silentMs),
      });
      const place = `${kind} ${connection.state}`;
      const counted = connections.get(place) ?? { kind, connection: connection.state, count: 0 };
      connections.set(place, { ...counted, count: counted.count + 1 });
    }
    // What was told before and is no more is told as none.
    for (const { kind, connection } of this.told) {
      if (!kinds.has(kind)) kinds.set(kind, NOTHING);
      if (!connections.has(`${kind} ${connection}`)) sourceMetrics.running(kind, connection, 0);
    }
    for (const [kind, { queued, lagMs, silentMs }] of kinds) {
      sourceMetrics.silence(kind, silentMs / 1_000);
      sourceMetrics.queued(kind, queued);
      sourceMetrics.lag(kind, lagMs / 1_000);
    }
    for (const { kind, connection, count } of connections.values()) sourceMetrics.running(kind, connection, count);
    this.told = [...connections.values()];
  }
}
