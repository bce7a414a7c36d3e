import { RECOVERY_LIMITS } from '@millrace/protocol';

const KEPT_MS = RECOVERY_LIMITS.days * 86_400_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** What is wrong with a beginning in the past (Unix ms), or null. */
export const sinceProblem = (since: number, nowMs: number): string | null => {
  if (since > nowMs) return `must not lie in the future; it is ${iso(nowMs)} here`;
  if (since < nowMs - KEPT_MS)
    return `must be at most ${RECOVERY_LIMITS.days} days ago, as long as events are kept: not before ${iso(nowMs - KEPT_MS)}`;
  return null;
};

/** One entry for each end of the span that is wrong; empty when it can be recovered. `until` null is now. */
export const spanProblems = (
  span: { readonly since: number; readonly until: number | null },
  nowMs: number,
): Array<{ path: string; detail: string }> => {
  const problems: Array<{ path: string; detail: string }> = [];
  const since = sinceProblem(span.since, nowMs);
  if (since !== null) problems.push({ path: 'since', detail: since });
  if (span.until !== null && span.until > nowMs)
    problems.push({
      path: 'until',
      detail: `must not lie in the future; leave it out for now, which is ${iso(nowMs)} here`,
    });
  if (problems.length === 0 && span.since >= (span.until ?? nowMs))
    problems.push({ path: 'until', detail: 'must be later than since' });
  return problems;
};
