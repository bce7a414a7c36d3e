import { unitOf } from '@millrace/domain';

/** What an EngineeringUnits property says (OPC 10000-8, 5.6.4.3). */
export interface EngineeringUnit {
  readonly namespaceUri: string | null;
  readonly unitId: number;
  /** Short text, for example `mm`. */
  readonly displayName: string;
}

const UNECE = 'http://www.opcfoundation.org/UA/units/un/cefact';

/** UNECE Recommendation 20 common codes to UCUM. */
const UCUM_OF_UNECE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    MMT: 'mm',
    CMT: 'cm',
    DMT: 'dm',
    MTR: 'm',
    KMT: 'km',
    KTM: 'km',
    '4H': 'um',
    INH: '[in_i]',
    FOT: '[ft_i]',
    YRD: '[yd_i]',
    MGM: 'mg',
    GRM: 'g',
    KGM: 'kg',
    TNE: 't',
    LBR: '[lb_av]',
    ONZ: '[oz_av]',
    C26: 'ms',
    SEC: 's',
    MIN: 'min',
    HUR: 'h',
    DAY: 'd',
    KEL: 'K',
    CEL: 'Cel',
    FAH: '[degF]',
    PAL: 'Pa',
    KPA: 'kPa',
    MPA: 'MPa',
    BAR: 'bar',
    MBR: 'mbar',
    HTZ: 'Hz',
    KHZ: 'kHz',
    RPM: '/min',
    RPS: '/s',
    C94: '/min',
    C97: '/s',
    WTT: 'W',
    KWT: 'kW',
    JOU: 'J',
    WHR: 'W.h',
    KWH: 'kW.h',
    C62: '1',
    P1: '%',
    H87: '{piece}',
    EA: '{piece}',
    DD: 'deg',
    C16: 'mm/s',
    H81: 'mm/min',
    '2X': 'm/min',
    MTS: 'm/s',
    FR: '[ft_i]/min',
    M63: '[in_i]/min',
    IU: '[in_i]/s',
    LTR: 'L',
    MLT: 'mL',
    MTQ: 'm3',
    MMK: 'mm2',
    MTK: 'm2',
    AMP: 'A',
    '4K': 'mA',
    VLT: 'V',
    '2Z': 'mV',
    NEW: 'N',
    B47: 'kN',
  }),
);

/** What vendors write who do not use the codes of UNECE. */
const UCUM_OF_TEXT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    in: '[in_i]',
    '"': '[in_i]',
    inch: '[in_i]',
    ft: '[ft_i]',
    foot: '[ft_i]',
    lb: '[lb_av]',
    lbs: '[lb_av]',
    oz: '[oz_av]',
    '°C': 'Cel',
    '℃': 'Cel',
    degC: 'Cel',
    '°F': '[degF]',
    degF: '[degF]',
    '°': 'deg',
    µm: 'um',
    μm: 'um',
    rpm: '/min',
    'r/min': '/min',
    'min⁻¹': '/min',
    '1/min': '/min',
    'ft/min': '[ft_i]/min',
    'in/min': '[in_i]/min',
    'in/s': '[in_i]/s',
    kWh: 'kW.h',
    Wh: 'W.h',
    'mm²': 'mm2',
    'm²': 'm2',
    'm³': 'm3',
    l: 'L',
    ml: 'mL',
    pcs: '{piece}',
    pc: '{piece}',
    sec: 's',
    hr: 'h',
  }),
);

/** The common code that a unitId stands for: up to three characters, the first in the highest byte that is used. */
export const commonCodeOf = (unitId: number): string =>
  [24, 16, 8, 0]
    .map((shift) => (unitId >>> shift) & 0xff)
    .filter((byte) => byte !== 0)
    .map((byte) => String.fromCharCode(byte))
    .join('');

/** UCUM code of a unit, or null for one that is not known here: a unit that is guessed would be worse than none. */
export const ucumOf = (unit: EngineeringUnit): string | null => {
  const byCode =
    unit.namespaceUri === UNECE || unit.namespaceUri === null
      ? UCUM_OF_UNECE.get(commonCodeOf(unit.unitId))
      : undefined;
  if (byCode !== undefined) return byCode;
  // A code of UNECE that is not known here means just that; its text would be read by another table's rules.
  if (unit.namespaceUri === UNECE && unit.unitId > 0) return null;
  const text = unit.displayName.trim();
  return UCUM_OF_TEXT.get(text) ?? (unitOf(text) === null || text === '1' ? null : text);
};
