import type { MachineState } from '../../signal/machine-state';
import { compare, type Rational, writeRational, ZERO } from '../../unit/rational';
import { heldOf } from '../held-value';
import type { BundleRule } from '../mapping';
import type { Heard, RuleContext, RuleKind } from '../rule-kind';
import { slotOf, withSlot } from '../rule-slot';
import { isLoss, isResumed } from '../source-loss';
import { isSame } from '../trigger';
import { counterLimits, inInches, lengthOfAlias, lengthStep } from './accumulate-lengths';
import { codeText, keyOf } from './bundle-fields';
import { inputsOf } from './bundle-inputs';
import { withinBytes } from './bundle-size';
import { type BundleContext, type BundleSlot, NEW_BUNDLE_SLOT, withCurrentBundle } from './bundle-state';
import { firedBy, rememberTold } from './bundle-triggers';
import { closeOpen, finishSettling, settleOpen, tellCorrections } from './close-bundle';
import { rememberCoil } from './coils';
import { withGap } from './gaps';
import { addPiece, addToItem, itemChosen, itemStep, pieceOfItem } from './items';
import { followFields, openBundle } from './open-bundle';
import { hearSnapshot, hearsSource, inSightAgain, openPresent, outOfSight, returned } from './outage';
import { explainAhead, giveDelayReason, giveScrapReason } from './reasons';
import { rememberRegisters } from './registers';
import { followPhase } from './run-and-delay-time';
import { rememberCounter, takeLength } from './take-lengths';
import { inPounds } from './weight';

/**
 * Bundles of a roll-forming line, out of its signals: what Eclipse Pro tells as a BundleResult (ingest 3.5). Lengths come
 * from the counters and never from the pieces, which make the items and the shortest and longest length; time comes from
 * the raw state and not from the debounced status; codes come after what they explain.
 */
export const bundleRule: RuleKind<BundleRule> = {
  onTime: (state, rule, context) =>
    changed(state, rule, context, (slot, own) => tellCorrections(slot, onTime(slot, own), own)),
  onSignal: (state, rule, context) =>
    changed(state, rule, context, (slot, own) => tellCorrections(slot, hear(slot, own, context.heard), own)),
  nextDue: (state, rule) => {
    const slot = slotOf<BundleSlot>(state, rule);
    const dues = [slot?.settling?.due, slot?.outage?.returning?.due].filter((due) => due !== undefined);
    return dues.length === 0 ? null : Math.min(...dues);
  },
  withoutDue: (state, rule) => {
    const slot = slotOf<BundleSlot>(state, rule);
    return slot?.settling == null ? null : { ...slot, settling: null };
  },
};

type HeardValue = Extract<Heard, { readonly kind: 'value' }>;

const changed = (
  state: MachineState,
  rule: BundleRule,
  context: RuleContext,
  change: (slot: BundleSlot, context: BundleContext) => BundleSlot,
): MachineState => {
  const slot = slotOf<BundleSlot>(state, rule) ?? NEW_BUNDLE_SLOT;
  const sourceOf = (alias: string) => heldOf(state, alias)?.source ?? null;
  const next = change(slot, { ...context, rule, tenant: state.tenant, machine: state.machine, sourceOf });
  return next === slot ? state : withSlot(state, rule, bounded(next));
};

const bounded = (slot: BundleSlot): BundleSlot => {
  const open = slot.open === null ? null : withinBytes(slot.open);
  const settling = slot.settling === null ? null : withinBytes(slot.settling.bundle);
  if (open === slot.open && settling === (slot.settling?.bundle ?? null)) return slot;
  return {
    ...slot,
    open,
    settling: slot.settling === null || settling === null ? null : { ...slot.settling, bundle: settling },
  };
};

const onTime = (slot: BundleSlot, context: BundleContext): BundleSlot => {
  const seen = context.scope.before;
  const isBack = slot.outage?.returning != null && context.at >= slot.outage.returning.due;
  const back = isBack ? returned(slot, context, seen) : slot;
  const isSettled = back.settling !== null && context.at >= back.settling.due;
  const settled = isSettled ? finishSettling(back, context, seen) : back;
  return followPhase(settled, context.rule, context.scope.now, context.moment);
};

const hear = (slot: BundleSlot, context: BundleContext, heard: Heard): BundleSlot => {
  switch (heard.kind) {
    case 'value':
      if (inputsOf(context.rule).all.has(heard.mapped.alias) && !isResumed(heard.signal))
        return hearValue(slot, context, heard);
      return followPhase(slot, context.rule, context.scope.now, context.moment);
    case 'lifecycle':
      if (isLoss(heard.word))
        return hearsSource(context, heard.signal.source) ? outOfSight(slot, context, heard.signal.source) : slot;
      return isResumed(heard.signal) ? inSightAgain(slot, heard.signal.source) : slot;
    // Numbered signals never came. The counters make up for it; what else was said is not known.
    case 'gap':
      return hearsSource(context, heard.signal.source)
        ? withGap(slot, heard.signal.source, slot.heard ?? context.moment, context.moment)
        : slot;
    case 'unknown': {
      const isBlind = heard.mapped.alias === context.rule.lengths.good && slot.blind === null;
      const from = slot.heard ?? context.moment;
      const known = isBlind ? { ...slot, blind: { source: heard.signal.source, from } } : slot;
      return followPhase(known, context.rule, context.scope.now, context.moment);
    }
    // The status may have changed with it, and the time may be told apart by the status.
    case 'condition':
    case 'life':
      return followPhase(slot, context.rule, context.scope.now, context.moment);
  }
};

const hearValue = (slot: BundleSlot, context: BundleContext, heard: HeardValue): BundleSlot => {
  const { moment, rule } = context;
  const { now } = context.scope;
  const { alias } = heard.mapped;
  if (heard.snapshot) return { ...hearSnapshot(slot, context, heard), heard: moment };
  const isBack = slot.outage?.source === heard.signal.source;
  const back = sighted(isBack ? returned(slot, context, context.scope.before) : slot, context, heard);
  const staged = rememberTold(changeStage(back, context, alias, heard.value), rule, alias, heard.value);
  const measured = measure(staged, context, heard);
  const coded = isNews(context, heard) ? takeCode(measured, context, alias, heard.value) : measured;
  const registered = rememberRegisters(coded, rule, now, alias);
  const remembered = alias === rule.coils?.splitOn ? rememberCoil(registered, rule, now) : registered;
  const timed = explainAhead(followPhase(remembered, rule, now, moment), rule, context.at);
  return { ...followFields(timed, context, now, alias), heard: moment };
};

/** The counter says something again: what it moved meanwhile is the bundle's, and the time in which it said nothing is noted. */
const sighted = (slot: BundleSlot, { rule, moment }: BundleContext, { mapped }: HeardValue): BundleSlot =>
  slot.blind === null || mapped.alias !== rule.lengths.good
    ? slot
    : { ...withGap(slot, slot.blind.source, slot.blind.from, moment), blind: null };

/** Whether a bundle ends or begins with this value. */
const changeStage = (
  slot: BundleSlot,
  context: BundleContext,
  alias: string,
  value: HeardValue['value'],
): BundleSlot => {
  const { rule, moment } = context;
  const { now, before } = context.scope;
  const fired = firedBy(slot, rule, alias, value);
  let staged = slot;
  if (fired.close) staged = settleOpen(staged, context, { ended: moment, complete: true, unseen: false }, before);
  else if (fired.goesOn) staged = finishSettling(staged, context, before);
  if ((fired.goesOn && !fired.close) || fired.open)
    staged = closeOpen(staged, context, { ended: moment, complete: false, unseen: false }, before);
  if (fired.open) return openBundle(staged, context, now, moment);
  return fired.present ? openPresent(staged, context, now, moment) : staged;
};

/** Lengths, pieces, weights. */
const measure = (slot: BundleSlot, context: BundleContext, heard: HeardValue): BundleSlot => {
  const { rule, mapping, moment } = context;
  const { now } = context.scope;
  const { alias, unit } = heard.mapped;
  const which = lengthOfAlias(rule, alias);
  const inches = inInches(heard.exact, unit);
  let measured = slot;
  if (which !== null && inches !== null) {
    const step = lengthStep(slot.counters[which], inches, counterLimits(rule, heard.mapped, false));
    const begun = which === 'good' && isMore(step.delta) ? produced(measured, context) : measured;
    measured = takeLength(rememberCounter(begun, which, step, moment), context, now, which, step.delta);
  }
  if (alias === rule.items?.key)
    measured = { ...measured, itemsDone: itemChosen(measured.itemsDone, codeText(now.value(alias))) };
  if (alias === rule.items?.quantityDone) {
    const step = itemStep(measured.itemsDone, rule, now, now.value(alias));
    const begun = isMore(step.delta) ? produced(measured, context) : measured;
    measured = withCurrentBundle({ ...begun, itemsDone: step.itemsDone }, (bundle) =>
      isMore(step.delta) ? addToItem({ ...bundle, made: true }, rule, mapping, now, step.delta) : bundle,
    );
  }
  if (alias === rule.items?.piece && inches !== null && isMore(inches) && isNews(context, heard)) {
    const begun = produced(measured, context);
    measured = withCurrentBundle({ ...begun, itemsDone: pieceOfItem(begun.itemsDone, rule, now) }, (bundle) =>
      addPiece({ ...bundle, made: true }, inches),
    );
  }
  if (alias === rule.weight?.input && isNews(context, heard)) {
    const pounds = inPounds(heard.exact, unit);
    if (pounds !== null) {
      const weighed = writeRational(pounds);
      measured = withCurrentBundle({ ...measured, weighed }, (bundle) => ({ ...bundle, weight: weighed }));
    }
  }
  return measured;
};

/**
 * A source that is asked at intervals says the same until it changes: that is no further piece, weight or code. One that
 * tells of its own accord says something each time.
 */
const isNews = ({ scope }: BundleContext, { signal, mapped }: HeardValue): boolean =>
  signal.kind !== 'sample' || !isSame(scope.before.value(mapped.alias), scope.now.value(mapped.alias));

const isMore = (amount: Rational): boolean => compare(amount, ZERO) > 0;

/**
 * Something was made. Made under another key than the open bundle's, it is another bundle's, and that one was left when
 * the machine first told of the other. Made with no bundle there, it begins one, where the mapping says so.
 */
const produced = (slot: BundleSlot, context: BundleContext): BundleSlot => {
  const { rule, moment } = context;
  const { now, before } = context.scope;
  if (slot.open !== null) {
    const key = keyOf(context, now);
    if (!slot.open.made || slot.open.key === null || key === null || key === slot.open.key) return slot;
    const left = slot.open.left ?? moment;
    const closed = closeOpen(slot, context, { ended: left, complete: false, unseen: false }, before);
    return followPhase(openBundle(closed, context, now, left), rule, now, left);
  }
  if (slot.settling !== null || !rule.open.some(({ kind }) => kind === 'firstPiece')) return slot;
  return openBundle(slot, context, now, moment);
};

const takeCode = (slot: BundleSlot, context: BundleContext, alias: string, value: unknown): BundleSlot => {
  const { scrap, delay } = context.rule.reasons;
  const reason = typeof value === 'object' ? null : codeText(value as string | number | boolean);
  if (reason === null) return slot;
  let explained = slot;
  // The register is cleared with the word for no reason: that explains nothing.
  if (scrap !== null && alias === scrap.input && reason !== scrap.default)
    explained = giveScrapReason(explained, scrap, reason, context.at);
  if (delay !== null && alias === delay.input && reason !== delay.default)
    explained = giveDelayReason(explained, delay, reason, context.moment);
  return explained;
};
