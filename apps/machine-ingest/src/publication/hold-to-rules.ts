import type { Event } from '@millrace/domain';
import type { Violation } from '@millrace/event-schema';
import { type Problem, problem, SCHEMA_VIOLATION } from '@millrace/protocol';

export interface EventRulePort {
  /** What is wrong with the data of an event, by the rules as they are known here. */
  judge(event: Event): Violation | null;
  /** Resolves when every change that Kafka had at the time of the call is known, or cannot be had in time. */
  caughtUp(): Promise<void>;
}

export type HeldToRules =
  /** What each event is warned about, or null. */
  | { readonly kind: 'fit'; readonly warnings: readonly (Violation | null)[] }
  | { readonly kind: 'refused'; readonly problem: Problem };

const ERRORS_TOLD = 100;

/**
 * Whoever publishes by HTTP is told at once what their types reject, and still has the events: nothing of the request is
 * published, and nothing goes to the quarantine. Fan-out holds every event to the rules again, by the latest; so before an
 * event is refused here the rules are asked anew, and an event that passes by an older rule is caught there.
 */
export const holdToRules = async (events: readonly Event[], rules: EventRulePort): Promise<HeldToRules> => {
  const judged = () => events.map((event) => rules.judge(event));
  const isRejected = (violation: Violation | null) => violation?.validation === 'reject';
  let violations = judged();
  if (violations.some(isRejected)) {
    await rules.caughtUp();
    violations = judged();
  }
  if (!violations.some(isRejected)) return { kind: 'fit', warnings: violations };
  const errors = violations.flatMap((violation, index) =>
    violation === null || !isRejected(violation)
      ? []
      : [
          {
            path: `${events.length > 1 ? `[${index}].` : ''}${violation.path}`,
            code: SCHEMA_VIOLATION,
            detail: `${violation.detail}, by version ${violation.version} of the schema of ${events[index]!.type}`,
          },
        ],
  );
  const first = `${errors[0]!.path} ${errors[0]!.detail}.`;
  const summary =
    errors.length === 1
      ? `${first} Nothing was published.`
      : `${errors.length} of ${events.length} events do not fit the schema of their type; the first: ${first} Nothing was published.`;
  return { kind: 'refused', problem: problem('invalid_event', summary, errors.slice(0, ERRORS_TOLD)) };
};
