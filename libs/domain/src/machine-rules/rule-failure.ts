import { type WrittenDraft, writtenDraft } from '../signal/machine-event';
import { counted, type FailedOn, type FailedRule, type MachineState, type RuleSlot } from '../signal/machine-state';
import type { Moment } from '../signal/signal-time';

/** What the rules of one record tell, and which of them threw. */
export interface Telling {
  readonly drafts: WrittenDraft[];
  readonly failures: RuleFailure[];
}

/**
 * A rule that threw: a defect of Millrace, or a value that nobody thought of. It costs that rule on that signal and
 * nothing else (decision 23).
 */
export interface RuleFailure {
  /** Its id; `$value`, `$stale` and `$gap` are what comes before the rules. */
  readonly rule: string;
  readonly kind: string;
  readonly on: FailedOn;
  /** Of the signal; null where it was time. */
  readonly path: string | null;
  readonly error: unknown;
  /** Told the first time; null of what was told before. */
  readonly draft: WrittenDraft | null;
}

/** In whose place, and with how many events told before it began. */
interface Failed {
  readonly rule: { readonly id: string; readonly kind: string };
  readonly on: FailedOn;
  readonly path: string | null;
  readonly told: number;
  readonly error: unknown;
  /** What it goes on with where its timer threw; absent where it begins anew. */
  readonly left?: RuleSlot | null;
}

/**
 * The state in which the rule has done nothing: `state` is that before it, and what it had begun to tell is withdrawn. The
 * failure is told after all that the others tell, so that their events have the ids that they have without it.
 */
export const withoutRule = (
  state: MachineState,
  { rule, on, path, told, error, left = null }: Failed,
  { telling, moment, at }: { readonly telling: Telling; readonly moment: Moment; readonly at: number },
): MachineState => {
  telling.drafts.length = told;
  const before = failedRule(state, rule.id);
  const isKnown = before?.told.includes(on) === true;
  const data = { machine: state.machine, rule: rule.id, kind: rule.kind, on, path, error: messageOf(error) };
  const draft = isKnown ? null : writtenDraft({ rule: rule.id, type: 'ingest.rule_failed', moment, data });
  telling.failures.push({ rule: rule.id, kind: rule.kind, on, path, error, draft });
  const failed: FailedRule = {
    told: isKnown ? before.told : [...(before?.told ?? []), on],
    timerAt: on === 'timer' ? at : (before?.timerAt ?? null),
  };
  const { [rule.id]: _forgotten, ...others } = state.rules;
  const remembered = left === null ? others : { ...others, [rule.id]: left };
  return counted(
    {
      ...state,
      failedRules: { ...state.failedRules, [rule.id]: failed },
      rules: on === 'timer' ? remembered : state.rules,
    },
    'rulesFailed',
  );
};

export const failedRule = ({ failedRules }: MachineState, id: string): FailedRule | null =>
  failedRules !== undefined && Object.hasOwn(failedRules, id) ? failedRules[id]! : null;

const MESSAGE_LENGTH = 256;

/** For a person, in one line. */
const messageOf = (error: unknown): string =>
  error instanceof Error
    ? String(error.message)
        .slice(0, MESSAGE_LENGTH)
        .replace(/[\u0000-\u001f]/g, ' ')
    : `what was thrown is no error (${typeof error})`;
