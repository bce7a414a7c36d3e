import type { Rule } from '@millrace/domain';
import { quoted } from '../document/did-you-mean';
import type { ProblemList } from '../document/mapping-problem';
import type { ExpressionCompiler } from '../expression/expression-compiler';
import type { Written, WrittenRule } from '../language/rule-shapes';

/** What decides the status comes before what follows it; a bundle reads all of them. */
const TURN: { readonly [kind in Rule['kind']]: number } = {
  expr: 0,
  stateMap: 1,
  availability: 1,
  watchdog: 1,
  edge: 2,
  threshold: 2,
  condition: 2,
  counter: 2,
  passthrough: 2,
  run: 3,
  bundle: 4,
};

/**
 * Rules in the order of evaluation: `expr` rules first, each after those whose values it reads, then by turn, and as they
 * are written within a turn. Values that go round in a circle are told, and have no order.
 */
export const inOrderOfEvaluation = (
  rules: readonly WrittenRule[],
  expressions: ExpressionCompiler,
  problems: ProblemList,
): WrittenRule[] => {
  const others = rules.filter((rule) => rule.kind !== 'expr');
  const derived = sortDerived(
    rules.filter((rule) => rule.kind === 'expr'),
    expressions,
    problems,
  );
  return [...derived, ...others.sort((a, b) => TURN[a.kind] - TURN[b.kind])];
};

const sortDerived = (
  rules: readonly Written<'expr'>[],
  expressions: ExpressionCompiler,
  problems: ProblemList,
): Written<'expr'>[] => {
  const byId = new Map(rules.map((rule) => [rule.id.text, rule]));
  const reads = new Map(
    rules.map((rule) => [rule.id.text, expressions.inputsOf(rule.value.text).filter((name) => byId.has(name))]),
  );
  const sorted = new Set<Written<'expr'>>();
  let left = [...byId.keys()];
  for (;;) {
    const ready = left.filter((id) => reads.get(id)!.every((name) => sorted.has(byId.get(name)!)));
    if (ready.length === 0) break;
    for (const id of ready) sorted.add(byId.get(id)!);
    left = left.filter((id) => !ready.includes(id));
  }
  for (const id of left) {
    const circle = circleFrom(id, left, reads);
    if (circle === null) continue;
    const way = [...circle, id].map(quoted).join(' reads ');
    problems.add(byId.get(id)!.value.node.place, 'cycle', `goes round in a circle: ${way}`);
  }
  return [...sorted];
};

/** The way from a value back to itself; null for one that only hangs on a circle. */
const circleFrom = (
  start: string,
  among: readonly string[],
  reads: ReadonlyMap<string, readonly string[]>,
): string[] | null => {
  const from = new Map<string, string>();
  const next = [start];
  for (const id of next)
    for (const name of reads.get(id) ?? []) {
      if (name === start) {
        const way = [id];
        while (way[0] !== start) way.unshift(from.get(way[0]!)!);
        return way;
      }
      if (!from.has(name) && among.includes(name)) {
        from.set(name, id);
        next.push(name);
      }
    }
  return null;
};
