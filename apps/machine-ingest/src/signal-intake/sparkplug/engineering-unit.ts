import { unitOf } from '@millrace/domain';

/** What gateways write as `engUnit` beside UCUM's own codes. */
const UCUM_OF_TEXT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    in: '[in_i]',
    inch: '[in_i]',
    inches: '[in_i]',
    ft: '[ft_i]',
    feet: '[ft_i]',
    lb: '[lb_av]',
    lbs: '[lb_av]',
    '°C': 'Cel',
    degC: 'Cel',
    '°F': '[degF]',
    degF: '[degF]',
    rpm: '/min',
    'ft/min': '[ft_i]/min',
    fpm: '[ft_i]/min',
    'in/min': '[in_i]/min',
    kWh: 'kW.h',
    pcs: '{piece}',
    sec: 's',
  }),
);

/** UCUM code of an `engUnit`, or null for one that is not known here: a unit that is guessed would be worse than none. */
export const engineeringUnit = (text: string): string | null => {
  const trimmed = text.trim();
  return UCUM_OF_TEXT.get(trimmed) ?? unitOf(trimmed)?.code ?? null;
};
