import { rational } from '../../unit/rational';
import type { BundleRule, MappedSignal, Mapping } from '../mapping';
import { aliasValue, constant, expression, mappedSignal, mappingOf, says } from '../mapping.fixture';

/** A roll-forming line's mapping as ingest 3.3 shows it, its expressions written as functions. */
export const LINE_PATHS = {
  state: 'Line/State',
  good: 'Length/Good',
  scrap: 'Length/Scrap',
  reclaimed: 'Length/Reclaimed',
  bundleComplete: 'Bundle/Complete',
  ordId: 'Job/OrdId',
  orderCode: 'Job/OrderCode',
  workOrder: 'Job/WorkOrder',
  materialCode: 'Job/MaterialCode',
  toolingCode: 'Job/ToolingCode',
  expectedBundles: 'Job/ExpectedBundleCount',
  bundleNumber: 'Bundle/Number',
  bundleSequence: 'Bundle/Sequence',
  coilSerial: 'Coil/Serial',
  coilMaterial: 'Coil/Material',
  coilHeat: 'Coil/Heat',
  itmId: 'Item/ItmId',
  patternName: 'Item/PatternName',
  patternNumber: 'Item/PatternNumber',
  pieceMark: 'Item/PieceMark',
  itemSequence: 'Item/Sequence',
  itemQuantity: 'Item/Quantity',
  itemLength: 'Item/LengthTarget',
  itemDone: 'Item/QuantityDone',
  pieceLength: 'Piece/Length',
  scrapReason: 'Scrap/Reason',
  delayReason: 'Delay/Reason',
  bundleWeight: 'Bundle/Weight',
} as const;
export type LineAlias = keyof typeof LINE_PATHS;

/** How a line sends a length: unit, raw units of it for one, and the raw value at which its counters wrap. */
export interface LengthEncoding {
  readonly unit: string;
  /** Raw steps of one unit: 10 for tenths. Of 1 the line sends decimals. */
  readonly perUnit: number;
  readonly modulus: number | null;
  /** As a number of 32 bits, which has 24 of them for its digits. */
  readonly single?: boolean;
}
export const INCHES: LengthEncoding = { unit: '[in_i]', perUnit: 1, modulus: null };

export const COUNTERS = ['good', 'scrap', 'reclaimed'] as const;
export const LENGTHS = [...COUNTERS, 'itemLength', 'pieceLength'] as const;
export type LengthAlias = (typeof LENGTHS)[number];
/** The same for all, or each in its own way. */
export type LengthEncodings = LengthEncoding | { readonly [alias in LengthAlias]: LengthEncoding };

const isOneOf = <T extends string>(list: readonly T[], alias: string): alias is T =>
  (list as readonly string[]).includes(alias);
export const encodingOf = (encodings: LengthEncodings, alias: LengthAlias): LengthEncoding =>
  'unit' in encodings ? encodings : encodings[alias];

export const lineRule = (over: Partial<BundleRule> = {}): BundleRule => ({
  id: 'bundle',
  kind: 'bundle',
  emit: 'bundle.completed',
  open: [{ kind: 'changed', alias: 'bundleNumber' }, { kind: 'firstPiece' }],
  close: {
    on: { kind: 'rising', alias: 'bundleComplete' },
    alsoOn: [{ kind: 'changed', alias: 'bundleNumber' }],
    settleMs: 2_000,
  },
  start: 'first-running-after-open',
  key: expression(
    ['ordId', 'bundleNumber'],
    (read) => `${read('ordId')}-${String(read('bundleNumber')).padStart(2, '0')}`,
  ),
  fields: {
    JobId: expression(['ordId'], (read) => `Jobs/${read('ordId')}`),
    OrdId: aliasValue('ordId'),
    OrderCode: aliasValue('orderCode'),
    WorkOrder: aliasValue('workOrder'),
    MaterialCode: aliasValue('materialCode'),
    ToolingCode: aliasValue('toolingCode'),
    BundleNumber: aliasValue('bundleNumber'),
    BundleSequence: aliasValue('bundleSequence'),
    ExpectedBundleCount: aliasValue('expectedBundles'),
  },
  lengths: { good: 'good', scrap: 'scrap', reclaimed: 'reclaimed', canonical: '[in_i]', round: 3, maxStep: null },
  reasons: {
    scrap: { input: 'scrapReason', attribute: 'last-unassigned', windowMs: 600_000, default: '0' },
    delay: { input: 'delayReason', attribute: 'last-closed-or-open', windowMs: 900_000, default: '0' },
  },
  time: {
    run: says('state', 'RUN'),
    delay: expression(['state'], (read) => read('state') !== 'RUN', "state != 'RUN'"),
    gap: 'bridge',
  },
  coils: {
    splitOn: 'coilSerial',
    fields: { CoilMaterialCode: aliasValue('coilMaterial'), CoilHeatNumber: aliasValue('coilHeat') },
  },
  items: {
    key: 'itmId',
    quantityDone: 'itemDone',
    length: 'itemLength',
    piece: 'pieceLength',
    fields: {
      Quantity: aliasValue('itemQuantity'),
      PatternName: aliasValue('patternName'),
      PatternNumber: aliasValue('patternNumber'),
      PieceMark: aliasValue('pieceMark'),
      Sequence: aliasValue('itemSequence'),
    },
  },
  weight: { input: 'bundleWeight', else: constant(null) },
  enrich: {},
  ...over,
});

export const lineMapping = (
  rule: BundleRule,
  encodings: LengthEncodings = INCHES,
  timeZone = 'America/Chicago',
): Mapping =>
  mappingOf({
    machine: { timeZone, number: 1 },
    sources: { line: { reorder: { windowMs: 2_000, records: 256 } } },
    signals: Object.fromEntries(
      Object.entries(LINE_PATHS).map(([alias, path]): [string, MappedSignal] => {
        if (!isOneOf(LENGTHS, alias))
          return [alias, mappedSignal(alias, { paths: [path], unit: alias === 'bundleWeight' ? '[lb_av]' : null })];
        const { unit, perUnit, modulus } = encodingOf(encodings, alias);
        const scale = perUnit === 1 ? null : rational(1n, BigInt(perUnit));
        return [
          alias,
          mappedSignal(alias, { paths: [path], unit, scale, modulus: isOneOf(COUNTERS, alias) ? modulus : null }),
        ];
      }),
    ),
    rules: [rule],
  });
