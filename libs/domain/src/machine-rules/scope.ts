import type { MachineState } from '../signal/machine-state';
import { counted } from '../signal/machine-state';
import type { MachineStatus } from '../signal/machine-status';
import type { AliasName, Expression, ExpressionValue, Scope, SeenMachine } from './expression';
import { heldOf, knownNow, lastKnown } from './held-value';
import type { Heard } from './rule-kind';

const NO_LOCALS: Scope['locals'] = {};

/**
 * What expressions see, of the state as it is while the rules of one signal are applied one after the other.
 *
 *   now     values that hold now, computed ones too; null for what is not known
 *   before  the last known value of what this signal changed, else what holds; for a snapshot it is the snapshot itself, so
 *           that nothing is an edge that only was heard again
 */
export class LiveScope implements Scope {
  readonly locals: Scope['locals'] = NO_LOCALS;
  readonly now: SeenMachine = new SeenNow(this);
  readonly before: SeenMachine = new SeenBefore(this);

  constructor(
    /** As it was before the signal. */
    readonly first: MachineState,
    /** Replaced as rules are applied. */
    public state: MachineState = first,
  ) {}
}

class SeenNow implements SeenMachine {
  constructor(private readonly scope: LiveScope) {}

  get status(): MachineStatus {
    return this.scope.state.status.current;
  }

  value(alias: AliasName): ExpressionValue {
    return knownNow(heldOf(this.scope.state, alias));
  }
}

class SeenBefore implements SeenMachine {
  constructor(private readonly scope: LiveScope) {}

  get status(): MachineStatus {
    return this.scope.first.status.current;
  }

  value(alias: AliasName): ExpressionValue {
    const [before, now] = [heldOf(this.scope.first, alias), heldOf(this.scope.state, alias)];
    if (before === now) return knownNow(now);
    return now?.snapshot ? knownNow(now) : lastKnown(before);
  }
}

/** The same signal, seen after a rule has changed the state itself. */
export const seenAfter = (scope: Scope, state: MachineState): Scope =>
  scope instanceof LiveScope ? new LiveScope(scope.first, state) : scope;

export const withLocals = (scope: Scope, locals: Scope['locals']): Scope => ({
  now: scope.now,
  before: scope.before,
  locals,
});

/** A value, or the state in which the failure is counted: a rule whose expression fails is frozen, and nothing is thrown. */
export type Evaluated =
  | { readonly kind: 'value'; readonly value: ExpressionValue }
  | { readonly kind: 'failed'; readonly state: MachineState };

export const evaluate = (expression: Expression, scope: Scope, state: MachineState): Evaluated => {
  try {
    return { kind: 'value', value: expression.evaluate(scope) };
  } catch {
    return { kind: 'failed', state: counted(state, 'expressionFailed') };
  }
};

/** Members of an event's data, each by its expression; one that fails is null, so that the event is told all the same. */
export const evaluateMembers = (
  members: { readonly [member: string]: Expression },
  scope: Scope,
  state: MachineState,
): { readonly data: { readonly [member: string]: unknown }; readonly state: MachineState } => {
  let counting = state;
  const data: { [member: string]: unknown } = {};
  for (const [member, expression] of Object.entries(members)) {
    const evaluated = evaluate(expression, scope, counting);
    if (evaluated.kind === 'failed') counting = evaluated.state;
    data[member] = evaluated.kind === 'failed' ? null : toJson(evaluated.value);
  }
  return { data, state: counting };
};

/** As JSON can say it: whole numbers above 2^53 are text, and a number that is none is null. */
export const toJson = (value: ExpressionValue): unknown => {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map((one) => toJson(one as ExpressionValue));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value as { readonly [member: string]: ExpressionValue }).map(([name, one]) => [name, toJson(one)]),
    );
  return value;
};

/** Whether what an expression reads may be other than before: this signal is one of its inputs, or the status changed. */
export const concerns = (expression: Expression, heard: Heard, scope: Scope): boolean =>
  scope.now.status !== scope.before.status ||
  ((heard.kind === 'value' || heard.kind === 'unknown') && expression.inputs.includes(heard.mapped.alias));
