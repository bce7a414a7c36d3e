import { createHash } from 'node:crypto';
import { EVENT_DATA_BYTES } from '../signal/machine-event';
import { counted, type MachineState, STATE_LIMITS } from '../signal/machine-state';
import type { ExpressionValue } from './expression';
import type { PassthroughRule } from './mapping';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { type RuleSlot, slotOf, withSlot } from './rule-slot';
import { evaluate, toJson, withLocals } from './scope';
import { isResumed } from './source-loss';

/**
 * A message that is an event already. With a key, the same content is told once, however often and from wherever it comes,
 * under an id that follows from key and content; other content under the same key is the next revision, and its type ends
 * in `.corrected` (bundle.completed, then bundle.corrected). The revision stands where a bundle made of signals has it, in
 * `integrity`. Without a key each message is a new fact.
 */
export interface PassthroughSlot extends RuleSlot {
  readonly kind: 'passthrough';
  /** By hash of the key, the one used longest ago first: its revision, and hashes of the contents told, the last one last. */
  readonly seen: { readonly [key: string]: readonly [number, ...string[]] };
}

export const passthroughRule: RuleKind<PassthroughRule> = {
  onTime: (state) => state,

  onSignal: (state, rule, context) => {
    const { heard } = context;
    if (heard.kind !== 'value' || heard.mapped.alias !== rule.input || isResumed(heard.signal)) return state;
    return pass(state, rule, heard, context);
  },

  nextDue: () => null,
};

const pass = (
  state: MachineState,
  rule: PassthroughRule,
  heard: Extract<Heard, { readonly kind: 'value' }>,
  context: RuleContext,
): MachineState => {
  const scope = withLocals(context.scope, { message: heard.value as ExpressionValue });
  let next = state;
  const ask = (expression: PassthroughRule['type'], without: unknown): unknown => {
    if (expression === null) return without;
    const evaluated = evaluate(expression, scope, next);
    if (evaluated.kind === 'failed') next = evaluated.state;
    return evaluated.kind === 'failed' ? null : toJson(evaluated.value);
  };
  const type = ask(rule.type, rule.emit);
  const data = ask(rule.data, heard.value);
  const key = ask(rule.key, '');
  if (typeof type !== 'string' || type === '' || typeof data !== 'object' || data === null) return next;
  // An object names nothing, and null is one.
  if (typeof key === 'object') return next;
  if (rule.key === null) {
    // Without a key nothing tells a copy that a broker kept from a new message, but that it says so of itself.
    if (!heard.signal.flags.includes('snapshot'))
      context.emit({ rule: rule.id, type, moment: context.moment, data: data as object as Data });
    return next;
  }
  return tellOnce(next, rule, type, data as object as Data, String(key), context);
};

type Data = { readonly [member: string]: unknown };

const tellOnce = (
  state: MachineState,
  rule: PassthroughRule,
  type: string,
  data: Data,
  key: string,
  context: RuleContext,
): MachineState => {
  const seen = slotOf<PassthroughSlot>(state, rule)?.seen ?? {};
  const place = digest(key);
  const content = digest(canonical(data));
  const [revision, ...contents] = Object.hasOwn(seen, place) ? seen[place]! : ([0] as const);
  // A late repeat of what was corrected meanwhile is a repeat as well.
  if (contents.includes(content)) return counted(state, 'messagesRepeated');
  const next = revision + 1;
  context.emit({
    rule: rule.id,
    type: next === 1 ? type : `${type.slice(0, type.lastIndexOf('.') + 1) || `${type}.`}corrected`,
    moment: context.moment,
    data: next === 1 ? data : withRevision(data, next),
    identity: [key, content, next],
  });
  // Sent again when the rule is mended, it is told for the first time.
  if (Buffer.byteLength(JSON.stringify(data)) > EVENT_DATA_BYTES) return state;
  const kept = { ...seen };
  delete kept[place];
  kept[place] = [next, ...contents.slice(1 - STATE_LIMITS.contentsOfKey), content];
  const keys = Object.keys(kept);
  if (keys.length > 1 && keysSeen(state) >= STATE_LIMITS.messageKeys) delete kept[keys[0]!];
  return withSlot<PassthroughSlot>(state, rule, { kind: 'passthrough', seen: kept });
};

/** As the last member, so that the message before it is as its sender wrote it; what it says of integrity itself stays. */
const withRevision = ({ integrity, ...data }: Data, revision: number): Data => ({
  ...data,
  integrity: { ...(typeof integrity === 'object' && !Array.isArray(integrity) ? integrity : {}), revision },
});

/** Of all rules of this kind together: a machine may have many, and its state is bounded. */
const keysSeen = (state: MachineState): number =>
  Object.values(state.rules).reduce(
    (sum, slot) => sum + (slot.kind === 'passthrough' ? Object.keys((slot as PassthroughSlot).seen).length : 0),
    0,
  );

/** Members in the order of their names: a message is the same in whatever order its sender writes them. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

/** Begins with a letter, so that an object keeps such names in the order in which they came. */
const digest = (text: string): string => `h${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
