import { idFromSignal } from '../../signal/machine-event';
import type { Moment } from '../../signal/signal-time';
import type { AliasName, SeenMachine } from '../expression';
import { captured, completed, keyOf } from './bundle-fields';
import { inputsOf } from './bundle-inputs';
import { type Bundle, type BundleContext, type BundleSlot, NO_LENGTHS, withCurrentBundle } from './bundle-state';
import { completeCoil } from './coils';
import { completeItem } from './items';

export const openBundle = (slot: BundleSlot, context: BundleContext, seen: SeenMachine, opened: Moment): BundleSlot => {
  const open: Bundle = {
    key: keyOf(context, seen),
    id: idFromSignal('bundle', context.tenant, context.machine, context.position, context.rule.id),
    opened,
    made: false,
    left: null,
    fields: captured({}, context.rule.fields, seen),
    enrich: captured({}, context.rule.enrich, seen),
    lengths: NO_LENGTHS,
    scrapByReason: [],
    scrapWaiting: [],
    coils: [],
    items: [],
    shortest: null,
    longest: null,
    weight: null,
    timing: null,
    gaps: [],
    counterNotes: [],
  };
  return { ...slot, open };
};

/**
 * Order, number and the rest come as signals of their own, in any order. Until something is made of the bundle it is what
 * the machine says last. From then on its key is fixed: while the machine tells of another key, what it says belongs to
 * the next bundle. `alias` is what has just been said; null: anything may have been.
 */
export const followFields = (
  slot: BundleSlot,
  context: BundleContext,
  seen: SeenMachine,
  alias: AliasName | null,
): BundleSlot => {
  const { identity, coil, item } = inputsOf(context.rule);
  const concerns = (aliases: ReadonlySet<AliasName>) => alias === null || aliases.has(alias);
  const isOpen = slot.open !== null;
  return withCurrentBundle(slot, (bundle) => {
    // What settles gets only what it does not have yet, and only while the machine still tells of it.
    if (!isOpen && keyOf(context, seen) !== bundle.key) return bundle;
    let followed = bundle;
    if (concerns(identity))
      followed = isOpen ? identified(followed, context, seen) : furtherIdentified(followed, context, seen);
    if (followed.left !== null) return followed;
    if (concerns(coil)) followed = completeCoil(followed, context.rule, seen);
    return concerns(item) ? completeItem(followed, context.rule, context.mapping, seen) : followed;
  });
};

/** What the machine tells of the bundle that is open; of another one only that it does. */
export const identified = (bundle: Bundle, context: BundleContext, seen: SeenMachine): Bundle => {
  const key = keyOf(context, seen) ?? bundle.key;
  if (bundle.made && bundle.key !== null && key !== bundle.key)
    return bundle.left === null ? { ...bundle, left: context.moment } : bundle;
  const fields = captured(bundle.fields, context.rule.fields, seen);
  const enrich = captured(bundle.enrich, context.rule.enrich, seen);
  const isSame = key === bundle.key && fields === bundle.fields && enrich === bundle.enrich && bundle.left === null;
  return isSame ? bundle : { ...bundle, key, fields, enrich, left: null };
};

const furtherIdentified = (bundle: Bundle, { rule }: BundleContext, seen: SeenMachine): Bundle => {
  const fields = completed(bundle.fields, rule.fields, seen);
  const enrich = completed(bundle.enrich, rule.enrich, seen);
  return fields === bundle.fields && enrich === bundle.enrich ? bundle : { ...bundle, fields, enrich };
};
