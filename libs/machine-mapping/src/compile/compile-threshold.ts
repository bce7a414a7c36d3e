import { alarmOf } from './alarm-words';
import { A_NUMBER, inputOf } from './compile-context';
import type { CompileRule } from './compile-rule-of';
import { emittedType } from './event-type';

export const compileThreshold: CompileRule<'threshold'> = (context, rule) => {
  const { raiseAbove, clearBelow, raiseBelow, clearAbove } = rule;
  const wrong = (detail: string) => context.problems.add(rule.node.place, 'conflict', detail);
  if ((raiseAbove === undefined) === (raiseBelow === undefined))
    wrong(
      raiseAbove === undefined
        ? "lacks a limit: 'raiseAbove' (with 'clearBelow') or 'raiseBelow' (with 'clearAbove')"
        : "has 'raiseAbove' and 'raiseBelow'; write a rule for each",
    );
  else if (raiseAbove !== undefined && clearAbove !== undefined)
    wrong("raises above a limit and so needs 'clearBelow', not 'clearAbove'");
  else if (raiseBelow !== undefined && clearBelow !== undefined)
    wrong("raises below a limit and so needs 'clearAbove', not 'clearBelow'");
  else if (raiseAbove !== undefined && clearBelow !== undefined && clearBelow > raiseAbove)
    wrong(
      `clears below ${clearBelow}, which lies above ${raiseAbove}, where it is raised; it would come and go without end`,
    );
  else if (raiseBelow !== undefined && clearAbove !== undefined && clearAbove < raiseBelow)
    wrong(
      `clears above ${clearAbove}, which lies below ${raiseBelow}, where it is raised; it would come and go without end`,
    );
  return {
    id: rule.id.text,
    kind: 'threshold',
    emit: emittedType(context, rule.emit, 'threshold'),
    input: inputOf(context, rule.input, A_NUMBER),
    raiseAbove: raiseAbove ?? null,
    clearBelow: raiseAbove === undefined ? null : (clearBelow ?? raiseAbove),
    raiseBelow: raiseBelow ?? null,
    clearAbove: raiseBelow === undefined ? null : (clearAbove ?? raiseBelow),
    onDelayMs: rule.onDelay,
    offDelayMs: rule.offDelay,
    latched: rule.latched,
    alarm: alarmOf(rule, rule.alarm),
  };
};
