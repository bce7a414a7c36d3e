/**
 * A small roll-forming line of our own, as its controller would speak: it uncoils strip, forms panels, cuts them to length,
 * and tells each bundle's end. Time and chance come from outside; a step says what changed and how long to wait for the
 * next.
 */
export interface Shift {
  /** Order of the first bundle; three bundles on it is the next one. */
  readonly firstOrder: number;
  readonly bundle: number;
  readonly phase: 'off' | 'loaded' | 'forming' | 'jammed' | 'repaired' | 'done' | 'told';
  /** Panels still to make of this bundle. */
  readonly left: number;
  readonly made: number;
  readonly jamAt: number | null;
  /** Total lengths since the controller was started, inches; they never fall. */
  readonly good: number;
  readonly scrap: number;
}

/** Metrics of the line by name, with the values that they come to. */
export type Said = { readonly [metric: string]: string | number | boolean };

export interface LineStep {
  readonly shift: Shift;
  readonly says: Said;
  readonly waitMs: number;
}

/** What the totals of the controller stand at. */
const AT_START = { good: 52_000, scrap: 900 };

export const beforeTheShift = (firstOrder: number): Shift => ({
  firstOrder,
  bundle: 0,
  phase: 'off',
  left: 0,
  made: 0,
  jamAt: null,
  good: AT_START.good,
  scrap: AT_START.scrap,
});

interface Product {
  readonly tooling: string;
  readonly material: string;
  /** Of one panel, inches. */
  readonly length: number;
  readonly poundsPerFoot: number;
}
const PRODUCTS: readonly [Product, ...Product[]] = [
  { tooling: 'CLASSIC RIB', material: '26GA-FG', length: 240, poundsPerFoot: 2.616 },
  { tooling: 'PBR PANEL', material: '26GA-GALV', length: 180, poundsPerFoot: 2.55 },
  { tooling: 'U-PANEL', material: '29GA-RED', length: 144, poundsPerFoot: 1.98 },
  { tooling: 'STANDING SEAM', material: '24GA-CHAR', length: 300, poundsPerFoot: 3.21 },
];
const BUNDLES_OF_AN_ORDER = 3;
/** What is cut off where the strip was torn. */
const TORN = 40;

const PANEL_MS = 900;
const WAITS = { loaded: 1_200, jam: 3_000, told: 2_600, next: 5_000 };

export const REASONS = { strip: 3, jam: 5 } as const;

const orderOf = ({ firstOrder, bundle }: Shift): number => firstOrder + Math.floor((bundle - 1) / BUNDLES_OF_AN_ORDER);
const numberOf = (bundle: number): number => ((bundle - 1) % BUNDLES_OF_AN_ORDER) + 1;
const productOf = (shift: Shift): Product => PRODUCTS[orderOf(shift) % PRODUCTS.length] ?? PRODUCTS[0];

/** `chance()` is from 0 to below 1. */
export const nextStep = (shift: Shift, chance: () => number): LineStep => {
  switch (shift.phase) {
    case 'off':
    case 'told':
      return load(shift, chance);
    case 'loaded':
      return { shift: { ...shift, phase: 'forming' }, says: { 'Line/State': 'RUN' }, waitMs: PANEL_MS };
    case 'forming':
      return shift.jamAt === shift.left ? jam(shift) : shift.left === 0 ? finish(shift) : form(shift);
    case 'jammed':
      // The operator cuts off what was torn; the reason is typed in afterwards, when the line asks for it.
      return {
        shift: { ...shift, phase: 'repaired', scrap: shift.scrap + TORN },
        says: {
          'Decoiler/TensionLost': false,
          'Length/Scrap': shift.scrap + TORN,
          'Delay/Reason': REASONS.jam,
          'Line/State': 'RUN',
        },
        waitMs: PANEL_MS,
      };
    case 'repaired':
      return { shift: { ...shift, phase: 'forming' }, says: { 'Scrap/Reason': REASONS.strip }, waitMs: PANEL_MS };
    case 'done':
      return {
        shift: { ...shift, phase: 'told' },
        says: { 'Bundle/Complete': false, 'Line/State': 'HALT' },
        waitMs: WAITS.next,
      };
  }
};

const load = (shift: Shift, chance: () => number): LineStep => {
  const bundle = shift.bundle + 1;
  const order = orderOf({ ...shift, bundle });
  const product = productOf({ ...shift, bundle });
  const left = 4 + Math.floor(chance() * 5);
  // Every third bundle the strip jams once, somewhere in its middle.
  const jamAt = bundle % 3 === 0 ? Math.ceil(left / 2) : null;
  return {
    shift: { ...shift, bundle, left, jamAt, made: 0, phase: 'loaded' },
    says: {
      'Line/State': 'HALT',
      'Job/OrdId': order,
      'Job/OrderCode': `WO-${order}`,
      'Job/WorkOrder': `WO-${order}`,
      'Job/MaterialCode': product.material,
      'Job/ToolingCode': product.tooling,
      'Job/ExpectedBundleCount': BUNDLES_OF_AN_ORDER,
      'Coil/Serial': `COIL-${String(Math.ceil(bundle / 4)).padStart(3, '0')}`,
      'Coil/Material': product.material,
      'Coil/Heat': `H${12_000 + Math.ceil(bundle / 4)}`,
      'Item/ItmId': 67_000 + bundle,
      'Item/Quantity': left,
      'Item/QuantityDone': 0,
      'Item/LengthTarget': product.length,
      'Bundle/Sequence': numberOf(bundle),
      'Bundle/Number': numberOf(bundle),
    },
    waitMs: WAITS.loaded,
  };
};

const form = (shift: Shift): LineStep => {
  const { length } = productOf(shift);
  const next: Shift = { ...shift, left: shift.left - 1, made: shift.made + 1, good: shift.good + length };
  return {
    shift: next,
    says: { 'Piece/Length': length, 'Item/QuantityDone': next.made, 'Length/Good': next.good },
    waitMs: PANEL_MS,
  };
};

const jam = (shift: Shift): LineStep => ({
  shift: { ...shift, phase: 'jammed', jamAt: null },
  says: { 'Decoiler/TensionLost': true, 'Line/State': 'HALT' },
  waitMs: WAITS.jam,
});

const finish = (shift: Shift): LineStep => {
  const { length, poundsPerFoot } = productOf(shift);
  return {
    shift: { ...shift, phase: 'done' },
    says: {
      'Bundle/Weight': Math.round(((shift.made * length) / 12) * poundsPerFoot * 10) / 10,
      'Bundle/Complete': true,
    },
    waitMs: WAITS.told,
  };
};

/** Values before the first step: what the line is born with. */
export const atRest: Said = {
  'Line/State': 'HALT',
  'Length/Good': AT_START.good,
  'Length/Scrap': AT_START.scrap,
  'Length/Reclaimed': 0,
  'Scrap/Reason': 0,
  'Delay/Reason': 0,
  'Job/OrdId': 0,
  'Job/OrderCode': '',
  'Job/WorkOrder': '',
  'Job/MaterialCode': '',
  'Job/ToolingCode': '',
  'Job/ExpectedBundleCount': 0,
  'Coil/Serial': '',
  'Coil/Material': '',
  'Coil/Heat': '',
  'Item/ItmId': 0,
  'Item/Quantity': 0,
  'Item/QuantityDone': 0,
  'Item/LengthTarget': 0,
  'Bundle/Number': 0,
  'Bundle/Sequence': 0,
  'Bundle/Complete': false,
  'Bundle/Weight': 0,
  'Piece/Length': 0,
  'Decoiler/TensionLost': false,
};
