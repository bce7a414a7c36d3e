import { type DownReason, type EndpointHealth, readHealth } from '@millrace/domain';
import type { EndpointHealthRecord } from '@millrace/protocol';

/** What the API shows of an endpoint's health; kept for those endpoints only that have something to show. */
export interface EndpointCondition {
  readonly parked: number;
  /** Times in Unix ms. */
  readonly down: { readonly reason: DownReason; readonly since: number; readonly nextProbeAt: number } | null;
  /** When it was last found to be back; null when it is down or never was. */
  readonly recoveredAt: number | null;
}

/** Times that a Date can hold. */
const isTime = (value: number): boolean => Math.abs(value) <= 8.64e15;

const downOf = (health: EndpointHealth): EndpointCondition['down'] =>
  health.kind === 'down' && isTime(health.since) && isTime(health.probeAt)
    ? { reason: health.reason, since: health.since, nextProbeAt: health.probeAt }
    : null;

/** Null for an endpoint that was never down and has nothing parked: most are so, and they cost no memory. */
export const conditionOf = (record: EndpointHealthRecord): EndpointCondition | null => {
  const health = readHealth(record.state);
  const down = downOf(health);
  const recoveredAt = health.kind === 'up' && isTime(health.recoveredAt ?? 0) ? health.recoveredAt : null;
  const parked = Math.max(0, record.parked);
  return down === null && recoveredAt === null && parked === 0 ? null : { parked, down, recoveredAt };
};
