import type { Moment } from '../../signal/signal-time';
import { appended, BUNDLE_LIMITS, type Bundle, type BundleSlot, type Gap, withCurrentBundle } from './bundle-state';

/** Notes in the bundle that nobody looked between two moments. */
export const withGap = (slot: BundleSlot, source: string, from: Moment, to: Moment): BundleSlot =>
  withCurrentBundle(slot, (bundle) => withGapNoted(bundle, source, from, to));

/** One gap that is found twice is one. */
export const withGapNoted = (bundle: Bundle, source: string, from: Moment, to: Moment): Bundle => {
  const gap: Gap = { from: new Date(from.ms).toISOString(), to: new Date(to.ms).toISOString(), source };
  const last = bundle.gaps.at(-1);
  const others = last?.from === gap.from && last.source === source ? bundle.gaps.slice(0, -1) : bundle.gaps;
  return { ...bundle, gaps: appended(others, gap, BUNDLE_LIMITS.gaps) };
};
