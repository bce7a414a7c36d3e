import { type Rational, readRational, round } from '../../unit/rational';
import type { BundleRule, MachineFacts } from '../mapping';
import { type BundleFigures, minutes } from './bundle-figures';
import type { Bundle, CoilPart, Ending, ItemPart, Json, JsonMembers } from './bundle-state';
import { sum } from './exact-sums';
import { localTime } from './local-time';

/** Decimals of minutes and of pounds; those of lengths are the rule's. */
const DECIMALS = 3;

/** Members of a BundleResult as Eclipse Pro orders them; what a site adds comes before the blocks of master data. */
const ORDER = [
  'JobId',
  'OrdId',
  'OrderCode',
  'MaterialCode',
  'ToolingCode',
  'WorkOrder',
  'BundleNumber',
  'BundleCode',
  'ExpectedBundleCount',
  'BundleSequence',
  'ProducedLengthIn',
  'ConsumedLengthIn',
  'GoodIn',
  'ScrapIn',
  'ReclaimedIn',
  'TotalQty',
  'TotalLbs',
  'StartTime',
  'Complete',
  'EndTime',
  'RunMinutes',
  'DelayMinutes',
  'ShortestLengthIn',
  'LongestLengthIn',
  'FinalMachineNumber',
  'Items',
  'CoilsUsed',
  'ScrapInByReason',
  'DelayMinByReason',
] as const;
const ITEM_ORDER = [
  'ItmId',
  'Quantity',
  'QuantityDone',
  'LengthIn',
  'PatternName',
  'PatternNumber',
  'PieceMark',
  'Sequence',
];
const COIL_ORDER = [
  'CoilSerialNumber',
  'CoilMaterialCode',
  'ProducedLengthIn',
  'ConsumedLengthIn',
  'GoodIn',
  'ScrapIn',
  'ReclaimedIn',
  'CoilHeatNumber',
];

/**
 * The BundleResult: names and order are Eclipse Pro's (its webhook "Bundle Complete"), lengths in
 * inches, times those of the plant's wall without a zone. A member of which nothing is known is absent. This is the only
 * place where numbers are rounded.
 */
export const bundleResult = (
  bundle: Bundle,
  figures: BundleFigures,
  rule: BundleRule,
  machine: MachineFacts,
  ending: Ending,
  pounds: Rational | null,
): JsonMembers => {
  const inches = (length: Rational) => round(length, rule.lengths.round);
  const lengths = inchMembers(figures.lengths, figures.consumed, inches);
  const start = bundle.timing?.start ?? bundle.opened;
  const counted: { readonly [member: string]: Json | undefined } = {
    BundleCode: bundle.key ?? bundle.id,
    ...lengths,
    TotalQty: figures.pieces === null ? undefined : round(figures.pieces, 0),
    TotalLbs: pounds === null ? undefined : round(pounds, DECIMALS),
    StartTime: localTime(start.ms, machine.timeZone),
    Complete: ending.complete,
    EndTime: localTime(ending.ended.ms, machine.timeZone),
    RunMinutes: round(minutes(figures.runMs), DECIMALS),
    DelayMinutes: round(minutes(figures.delayMs), DECIMALS),
    ...extremes(bundle, inches),
    FinalMachineNumber: machine.number ?? undefined,
    Items: bundle.items.map((item) => itemEntry(item, inches)),
    CoilsUsed: bundle.coils.map((coil) => coilEntry(coil, inches)),
    ScrapInByReason: membersOfReasons(figures.scrapByReason, inches),
    DelayMinByReason: membersOfReasons(figures.delayMsByReason, (ms) => round(minutes(ms), DECIMALS)),
  };
  return { ...ordered({ ...bundle.fields, ...counted }, ORDER), ...bundle.enrich };
};

const inchMembers = (
  { good, scrap, reclaimed }: BundleFigures['lengths'],
  consumed: Rational,
  inches: (length: Rational) => number,
) => ({
  ProducedLengthIn: inches(good),
  ConsumedLengthIn: inches(consumed),
  GoodIn: inches(good),
  ScrapIn: inches(scrap),
  ReclaimedIn: inches(reclaimed),
});

/** Of the pieces that were seen; where none was, of the items of which some were made. */
const extremes = (bundle: Bundle, inches: (length: Rational) => number) => {
  const asked = bundle.items.flatMap(({ done, length }) => (done === '0' || length === null ? [] : [length]));
  const seen = bundle.shortest === null || bundle.longest === null ? asked : [bundle.shortest, bundle.longest];
  const lengths = seen.map((length) => inches(readRational(length)));
  return lengths.length === 0 ? {} : { ShortestLengthIn: Math.min(...lengths), LongestLengthIn: Math.max(...lengths) };
};

const itemEntry = ({ item, done, length, fields }: ItemPart, inches: (length: Rational) => number): JsonMembers =>
  ordered(
    {
      ...fields,
      ItmId: item,
      QuantityDone: round(readRational(done), 0),
      LengthIn: length === null ? undefined : inches(readRational(length)),
    },
    ITEM_ORDER,
  );

const coilEntry = ({ serial, fields, lengths }: CoilPart, inches: (length: Rational) => number): JsonMembers => {
  const exact = {
    good: readRational(lengths.good),
    scrap: readRational(lengths.scrap),
    reclaimed: readRational(lengths.reclaimed),
  };
  const consumed = sum([lengths.good, lengths.scrap, lengths.reclaimed]);
  return ordered({ ...fields, CoilSerialNumber: serial, ...inchMembers(exact, consumed, inches) }, COIL_ORDER);
};

/** Nothing that is 0 is listed: no reason stands for nothing. */
const membersOfReasons = <T>(
  reasons: ReadonlyArray<readonly [string, T]>,
  rounded: (amount: T) => number,
): JsonMembers =>
  Object.fromEntries(reasons.map(([reason, amount]) => [reason, rounded(amount)] as const).filter(([, n]) => n !== 0));

/** The members that are known, the named ones first and in their order. */
const ordered = (
  members: { readonly [member: string]: Json | undefined },
  order: readonly string[],
): { readonly [member: string]: Json } => {
  const names = [...order, ...Object.keys(members).filter((name) => !order.includes(name))];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = Object.hasOwn(members, name) ? members[name] : undefined;
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
};
