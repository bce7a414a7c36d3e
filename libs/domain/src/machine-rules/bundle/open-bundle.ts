import { idFromSignal } from '../../signal/machine-event';
import type { Moment } from '../../signal/signal-time';
import type { SeenMachine } from '../expression';
import { captured, completed, keyOf } from './bundle-fields';
import { type Bundle, type BundleContext, type BundleSlot, NO_LENGTHS } from './bundle-state';
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
 * the next bundle.
 */
export const followFields = (slot: BundleSlot, context: BundleContext, seen: SeenMachine): BundleSlot => {
  if (slot.open !== null) {
    const open = follow(slot.open, context, seen);
    return open === slot.open ? slot : { ...slot, open };
  }
  if (slot.settling === null) return slot;
  const bundle = completeFields(slot.settling.bundle, context, seen);
  return bundle === slot.settling.bundle ? slot : { ...slot, settling: { ...slot.settling, bundle } };
};

const follow = (bundle: Bundle, context: BundleContext, seen: SeenMachine): Bundle => {
  const key = keyOf(context, seen) ?? bundle.key;
  if (bundle.made && bundle.key !== null && key !== bundle.key)
    return bundle.left === null ? { ...bundle, left: context.moment } : bundle;
  const { rule, mapping } = context;
  const fields = captured(bundle.fields, rule.fields, seen);
  const enrich = captured(bundle.enrich, rule.enrich, seen);
  const same = key === bundle.key && fields === bundle.fields && enrich === bundle.enrich && bundle.left === null;
  const named = same ? bundle : { ...bundle, key, fields, enrich, left: null };
  return completeItem(completeCoil(named, rule, seen), rule, mapping, seen);
};

/** A bundle that settles: only what it does not have yet, and only while the machine still tells of it. */
const completeFields = (bundle: Bundle, context: BundleContext, seen: SeenMachine): Bundle => {
  const { rule, mapping } = context;
  if (keyOf(context, seen) !== bundle.key) return bundle;
  const fields = completed(bundle.fields, rule.fields, seen);
  const enrich = completed(bundle.enrich, rule.enrich, seen);
  const named = fields === bundle.fields && enrich === bundle.enrich ? bundle : { ...bundle, fields, enrich };
  return completeItem(completeCoil(named, rule, seen), rule, mapping, seen);
};
