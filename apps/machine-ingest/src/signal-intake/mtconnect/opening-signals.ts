import { RESUMED_CODE, type Signal } from '@millrace/domain';
import { gapSignal, lifecycleSignal } from '../lifecycle-signal';
import { type DeviceModel, removedPaths } from './device-model';
import { removedSignal } from './live-signals';
import type { Route } from './mtconnect-settings';
import { type Resumption, sessionOf } from './resumption';

/** What was told before an agent is read, or read again. */
export interface ToldBefore {
  /** Of these it was told that they are there; none while the agent was lost. */
  readonly connected: readonly string[];
  /** As the agent described them when it was read last; empty at the first time. */
  readonly models: ReadonlyMap<string, DeviceModel>;
}

/** When it is said, Unix ms. */
export interface OpeningMoments {
  readonly now: number;
  /**
   * Since when it is so: said of the present, it would bring the time of the fold there, and what the machine did meanwhile,
   * which waits in the agent's buffer, would all be of one moment.
   */
  readonly begins: number;
}

/** What has to be known before the first value: who is there, in which life, without what; and how many items are no more. */
export const openingSignals = (
  { cursor, gap, kind }: Resumption,
  routes: readonly Route[],
  before: ToldBefore,
  of: { readonly tenant: string; readonly source: string },
  { now, begins }: OpeningMoments,
): { readonly signals: readonly Signal[]; readonly removedItems: number } => {
  const placeOf = (machine: string) => ({ ...of, machine, session: sessionOf(cursor), proto: 'mtc' }) as const;
  // Its buffer reaches back to what was read last.
  const missedNothing = kind === 'resumed' && gap === null ? RESUMED_CODE : null;
  const signals: Signal[] = [];
  let removedItems = 0;
  for (const { machine, device } of routes) {
    const place = placeOf(machine);
    if (!before.connected.includes(machine))
      signals.push(lifecycleSignal(place, 'connected', null, begins, missedNothing));
    if (kind === 'restarted') signals.push(lifecycleSignal(place, 'birth', null, begins));
    if (gap !== null) signals.push(gapSignal(place, gap, begins));
    const model = before.models.get(machine);
    const removed = model === undefined ? [] : removedPaths(model, device);
    removedItems += removed.length;
    signals.push(...removed.map((path) => removedSignal(place, path, begins)));
  }
  for (const machine of before.models.keys())
    if (!routes.some((route) => route.machine === machine))
      signals.push(lifecycleSignal(placeOf(machine), 'disconnected', null, now));
  return { signals, removedItems };
};
