import type { Rule } from '@millrace/domain';
import type { WrittenRule } from '../language/rule-shapes';
import { compileAvailability } from './compile-availability';
import { compileBundle } from './compile-bundle';
import { compileCondition } from './compile-condition';
import type { CompileContext } from './compile-context';
import { compileCounter } from './compile-counter';
import { compileEdge } from './compile-edge';
import { compileExpr } from './compile-expr';
import { compilePassthrough } from './compile-passthrough';
import { compileRun } from './compile-run';
import { compileStateMap } from './compile-state-map';
import { compileThreshold } from './compile-threshold';
import { compileWatchdog } from './compile-watchdog';

export const compileRule = (context: CompileContext, rule: WrittenRule): Rule => {
  switch (rule.kind) {
    case 'stateMap':
      return compileStateMap(context, rule);
    case 'availability':
      return compileAvailability(context, rule);
    case 'edge':
      return compileEdge(context, rule);
    case 'threshold':
      return compileThreshold(context, rule);
    case 'condition':
      return compileCondition(context, rule);
    case 'counter':
      return compileCounter(context, rule);
    case 'watchdog':
      return compileWatchdog(context, rule);
    case 'run':
      return compileRun(context, rule);
    case 'expr':
      return compileExpr(context, rule);
    case 'passthrough':
      return compilePassthrough(context, rule);
    case 'bundle':
      return compileBundle(context, rule);
  }
};
