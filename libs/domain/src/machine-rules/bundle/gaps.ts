import type { Moment } from '../../signal/signal-time';
import { appended, BUNDLE_LIMITS, type Bundle, type BundleSlot, type Gap, withCurrentBundle } from './bundle-state';

/** Notes in the bundle that nobody looked between two moments. */
export const withGap = (slot: BundleSlot, source: string, from: Moment, to: Moment): BundleSlot =>
  withCurrentBundle(slot, (bundle) => withGapNoted(bundle, source, from, to));

/** One gap that is found twice is one, and so are two of one source that touch. */
export const withGapNoted = (bundle: Bundle, source: string, from: Moment, to: Moment): Bundle => {
  const gap: Gap = { from: new Date(from.ms).toISOString(), to: new Date(to.ms).toISOString(), source };
  const last = bundle.gaps.at(-1);
  if (last === undefined || last.source !== source || gap.from > last.to || gap.to < last.from)
    return { ...bundle, gaps: appended(bundle.gaps, gap, BUNDLE_LIMITS.gaps) };
  const whole: Gap = {
    from: gap.from < last.from ? gap.from : last.from,
    to: gap.to > last.to ? gap.to : last.to,
    source,
  };
  return { ...bundle, gaps: [...bundle.gaps.slice(0, -1), whole] };
};
