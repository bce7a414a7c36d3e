import type { Moment } from '../../signal/signal-time';
import type { SeenMachine } from '../expression';
import type { BundleReason, BundleRule } from '../mapping';
import { codeText } from './bundle-fields';
import type { BundleSlot } from './bundle-state';
import { explainAhead, giveDelayReason, giveDelayReasonUnseen, giveScrapReason, inTime } from './reasons';

/**
 * The registers that hold the operator's codes. A code is given by what is said, also the same one again; but a register
 * keeps it, so after an outage it shows one that was given meanwhile, unless that is the code from before: then nobody
 * knows, and what has none waits on.
 */
export const rememberRegisters = (slot: BundleSlot, rule: BundleRule, seen: SeenMachine, alias: string): BundleSlot => {
  let remembered = slot;
  for (const code of [rule.reasons.scrap, rule.reasons.delay]) {
    if (code === null || (code.input !== alias && Object.hasOwn(remembered.registers, code.input))) continue;
    remembered = withRegister(remembered, code, codeText(seen.value(code.input)));
  }
  return remembered;
};

/** Codes that were given while the machine was out of sight. */
export interface CodesOfOutage {
  readonly scrap: string | null;
  readonly delay: string | null;
}

/** What the registers show now and did not before. One that is looked at for the first time may show an old code. */
export const codesOfOutage = (slot: BundleSlot, rule: BundleRule, seen: SeenMachine): CodesOfOutage => ({
  scrap: newCode(slot, rule.reasons.scrap, seen),
  delay: newCode(slot, rule.reasons.delay, seen),
});

const newCode = (slot: BundleSlot, code: BundleReason | null, seen: SeenMachine): string | null => {
  if (code === null || !Object.hasOwn(slot.registers, code.input)) return null;
  const shown = codeText(seen.value(code.input));
  return shown === code.default || shown === slot.registers[code.input] ? null : shown;
};

/** After an outage; a register that shows nothing now is as it was. */
export const rememberShown = (slot: BundleSlot, rule: BundleRule, seen: SeenMachine): BundleSlot =>
  [rule.reasons.scrap, rule.reasons.delay].reduce((remembered, code) => {
    const shown = code === null ? null : codeText(seen.value(code.input));
    return code === null || shown === null ? remembered : withRegister(remembered, code, shown);
  }, slot);

const withRegister = (slot: BundleSlot, { input }: BundleReason, shows: string | null): BundleSlot =>
  Object.hasOwn(slot.registers, input) && slot.registers[input] === shows
    ? slot
    : { ...slot, registers: { ...slot.registers, [input]: shows } };

/**
 * A code for scrap that is to follow (`attribute: next`) explains what was counted meanwhile. With another in force since
 * before, either may be meant, so neither is taken.
 */
export const scrapCodeAhead = (slot: BundleSlot, rule: BundleRule, codes: CodesOfOutage, to: Moment): BundleSlot => {
  const { scrap } = rule.reasons;
  if (scrap === null || codes.scrap === null || scrap.attribute !== 'next') return slot;
  const isOther = inTime(slot.ahead.scrap, scrap, to.at) !== null;
  return { ...slot, ahead: { ...slot.ahead, scrap: isOther ? null : { reason: codes.scrap, at: to.at } } };
};

/**
 * The machine shows another bundle than before, and a code may be for that one: then nothing is known of one for standing,
 * and one for scrap takes what waited only where no scrap was counted meanwhile.
 */
export const takeCodesOfAnother = (
  slot: BundleSlot,
  { reasons }: BundleRule,
  codes: CodesOfOutage,
  from: Moment,
  scrapped: boolean,
): BundleSlot =>
  reasons.scrap === null || codes.scrap === null || reasons.scrap.attribute === 'next' || scrapped
    ? slot
    : giveScrapReason(slot, reasons.scrap, codes.scrap, from.at);

/**
 * The codes take what they would have taken, had they been heard. When they were given is not known; it may have been as
 * soon as nobody looked, so the windows reach back from there.
 */
export const takeCodes = (
  slot: BundleSlot,
  { reasons }: BundleRule,
  codes: CodesOfOutage,
  from: Moment,
  to: Moment,
): BundleSlot => {
  const { scrap, delay } = reasons;
  let taken = slot;
  if (scrap !== null && codes.scrap !== null && scrap.attribute !== 'next')
    taken = giveScrapReason(taken, scrap, codes.scrap, from.at);
  if (delay !== null && codes.delay !== null && delay.attribute !== 'next')
    taken = giveDelayReasonUnseen(taken, delay, codes.delay, from.at, to);
  return taken;
};

/** A code for what is to follow is in force when the machine is seen again, whichever bundle it makes. */
export const takeCodesAhead = (slot: BundleSlot, rule: BundleRule, codes: CodesOfOutage, to: Moment): BundleSlot => {
  const { scrap, delay } = rule.reasons;
  let taken = slot;
  if (scrap !== null && codes.scrap !== null && scrap.attribute === 'next')
    taken = giveScrapReason(taken, scrap, codes.scrap, to.at);
  if (delay !== null && codes.delay !== null && delay.attribute === 'next')
    taken = explainAhead(giveDelayReason(taken, delay, codes.delay, to), rule, to.at);
  return taken;
};
