import { type Dimension, unitCodes, unitOf } from '@millrace/domain';
import { nearestWord, quoted } from '../document/did-you-mean';

/** What people and machines write where UCUM wants its own code. */
const MEANT: { readonly [word: string]: string } = {
  in: '[in_i]',
  inch: '[in_i]',
  inches: '[in_i]',
  '"': '[in_i]',
  "''": '[in_i]',
  '[in]': '[in_i]',
  ft: '[ft_i]',
  foot: '[ft_i]',
  feet: '[ft_i]',
  "'": '[ft_i]',
  '[ft]': '[ft_i]',
  yd: '[yd_i]',
  yard: '[yd_i]',
  yards: '[yd_i]',
  lb: '[lb_av]',
  lbs: '[lb_av]',
  pound: '[lb_av]',
  pounds: '[lb_av]',
  '[lb]': '[lb_av]',
  oz: '[oz_av]',
  ounce: '[oz_av]',
  ounces: '[oz_av]',
  millimeter: 'mm',
  millimetre: 'mm',
  centimeter: 'cm',
  centimetre: 'cm',
  meter: 'm',
  metre: 'm',
  meters: 'm',
  metres: 'm',
  gram: 'g',
  grams: 'g',
  kilogram: 'kg',
  kilograms: 'kg',
  kilo: 'kg',
  ton: 't',
  tonne: 't',
  tons: 't',
  tonnes: 't',
  c: 'Cel',
  '°c': 'Cel',
  degc: 'Cel',
  celsius: 'Cel',
  f: '[degF]',
  '°f': '[degF]',
  degf: '[degF]',
  fahrenheit: '[degF]',
  kelvin: 'K',
  sec: 's',
  second: 's',
  seconds: 's',
  minute: 'min',
  minutes: 'min',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
  rpm: '/min',
  '1/min': '/min',
  '1/s': '/s',
  percent: '%',
  pct: '%',
  pcs: '{piece}',
  pc: '{piece}',
  piece: '{piece}',
  pieces: '{piece}',
  count: '{count}',
  counts: '{count}',
  '°': 'deg',
  degree: 'deg',
  degrees: 'deg',
  liter: 'L',
  litre: 'L',
  liters: 'L',
  litres: 'L',
  kwh: 'kW.h',
  wh: 'W.h',
  amp: 'A',
  amps: 'A',
  ampere: 'A',
  volt: 'V',
  volts: 'V',
  watt: 'W',
  newton: 'N',
  pascal: 'Pa',
  mmin: 'mm/min',
  fpm: '[ft_i]/min',
  'ft/min': '[ft_i]/min',
  'in/min': '[in_i]/min',
  ipm: '[in_i]/min',
  'in/s': '[in_i]/s',
  ips: '[in_i]/s',
  'm²': 'm2',
  'mm²': 'mm2',
  'm³': 'm3',
  µm: 'um',
  micron: 'um',
};

/** The UCUM code that someone who wrote `word` probably meant, or null. */
export const meantUnit = (word: string): string | null => {
  const trimmed = word.trim();
  if (unitOf(trimmed) !== null) return trimmed;
  const lower = trimmed.toLowerCase();
  if (Object.hasOwn(MEANT, lower)) return MEANT[lower]!;
  const sameLetters = unitCodes().find((code) => code.toLowerCase() === lower);
  return sameLetters ?? nearestWord(trimmed, unitCodes());
};

/** Why a unit is refused, with what it may be; null for a unit that is known. */
export const wrongUnit = (code: string, dimension: Dimension | null = null): string | null => {
  const unit = unitOf(code);
  const of = dimension === null ? '' : ` of ${dimension}`;
  if (unit !== null && (dimension === null || unit.dimension === dimension)) return null;
  if (unit !== null)
    return `${quoted(code)} is a unit of ${unit.dimension}, and one${of} is needed: ${unitCodes(dimension!).join(', ')}`;
  const meant = meantUnit(code);
  if (meant !== null && (dimension === null || unitOf(meant)?.dimension === dimension))
    return `${quoted(code)} is no UCUM unit that is known here; did you mean '${meant}'?`;
  return `${quoted(code)} is no UCUM unit that is known here; units${of} are ${unitCodes(dimension ?? undefined).join(', ')}`;
};
