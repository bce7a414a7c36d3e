import type { BuiltInEventType, JsonSchema } from './built-in-event-type';
import {
  amount,
  count,
  data,
  flag,
  integer,
  listOf,
  type Members,
  number,
  object,
  oneOf,
  orNull,
  text,
  time,
} from './schema-words';

/** The plant's wall clock, without a zone: it is passed on as it comes. */
const localTime = (description: string): JsonSchema => ({
  type: 'string',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}',
  description,
});

const byReason = (description: string): JsonSchema => ({
  type: 'object',
  additionalProperties: { type: 'number' },
  description,
});

const lengths: Members = {
  ProducedLengthIn: amount('Made, in inches.'),
  ConsumedLengthIn: amount('Taken from the coils: good, scrap and reclaimed.'),
  GoodIn: amount('Good, in inches.'),
  ScrapIn: amount('Scrap, in inches.'),
  ReclaimedIn: amount('Reclaimed, in inches.'),
};

const item = object(
  {},
  {
    ItmId: integer('The item.'),
    Quantity: count('Pieces wanted.'),
    QuantityDone: count('Pieces made.'),
    LengthIn: amount('Length of a piece, in inches.'),
    PatternName: orNull(text('Its punch pattern.')),
    PatternNumber: orNull(integer('Its punch pattern.')),
    PieceMark: orNull(text('What is printed on the piece.')),
    Sequence: integer('Its place in the bundle.'),
  },
);

const coil = object(
  {},
  {
    CoilSerialNumber: text('The coil.'),
    CoilMaterialCode: orNull(text('Its material.')),
    ...lengths,
    CoilHeatNumber: orNull(text('Its heat.')),
  },
);

const job = object(
  {},
  {
    SalesOrder: orNull(text('The sales order.')),
    CustomerName: orNull(text('Who ordered.')),
    CustomerNumber: orNull(text('Who ordered.')),
    CustomerPO: orNull(text("The customer's own order number.")),
    RequiredDate: orNull(localTime('When it is wanted.')),
    TruckNumber: orNull(text('The truck.')),
    StagingBay: orNull(text('Where it waits for the truck.')),
  },
  'From master data.',
);

const material = object(
  {},
  {
    MaterialCode: text('The material.'),
    Description: orNull(text('In words.')),
    Gauge: orNull(amount('Its gauge.')),
    Color: orNull(text('Its colour.')),
    WidthIn: orNull(amount('Its width, in inches.')),
    LbsPerFt: orNull(amount('Pounds of a foot.')),
    ThicknessIn: orNull(amount('Its thickness, in inches.')),
  },
  'From master data.',
);

const tooling = object(
  {},
  {
    ToolingCode: text('The tooling.'),
    Description: orNull(text('In words.')),
    FinishedWidthIn: orNull(amount('Width of the finished piece, in inches.')),
    ToolingGroup: orNull(text('Its group.')),
  },
  'From master data.',
);

const gap = object(
  {
    from: time('When it was last in sight.'),
    to: time('When it was in sight again.'),
    source: text('The source of signals that was silent.'),
  },
  {},
);

const counterNote = object(
  {
    counter: oneOf(['good', 'scrap', 'reclaimed'], 'Which counter.'),
    what: oneOf(
      ['reset', 'fell', 'jump', 'jump_confirmed'],
      'It began anew; it fell a little, and counts from where it was; it rose further than can be believed, which is left out until the next value confirms it.',
    ),
    at: time('When.'),
    from: number('Value before, in inches.'),
    to: number('Value then, in inches.'),
  },
  {},
);

const violation = object(
  {
    check: oneOf(
      ['scrapByReason', 'delayByReason', 'time', 'coils', 'items', 'size'],
      'Which sum: scrap and standing are the sums of their reasons; running and standing are the time from start to end; the coils and the items add up to the bundle; `size`: members left out because the bundle is too large.',
    ),
    expected: number('What it should be: inches, minutes or, of `size`, members.'),
    actual: number('What it is.'),
  },
  {},
);

const integrity = object(
  {
    revision: {
      type: 'integer',
      minimum: 1,
      description: 'Of what is told of this bundle; above 1 it corrects the one before.',
    },
  },
  {
    startedAt: time('StartTime, in UTC: when summer time ends, an hour is there twice on the wall.'),
    endedAt: time('EndTime, in UTC.'),
    timeZone: text('Zone of StartTime and EndTime.'),
    closedUnseen: flag('It ended while the machine was out of sight.'),
    unknownMinutes: amount('Minutes of which it is not known whether it ran.'),
    pausedMinutes: amount('Minutes between its end and its being taken up again.'),
    gaps: listOf(gap, 'Times in which the machine was out of sight. What was made in them is counted.'),
    counters: listOf(counterNote, 'Counters that did not simply rise.'),
    violations: listOf(violation, 'Sums that do not agree. No number is ever changed so that they do.'),
    leftOut: listOf(
      text('A member, for example Items.PieceMark.'),
      'What is left out because the bundle is too large.',
    ),
  },
  'How far the numbers can be trusted. Present where the bundle was made of signals, and with the revision alone in the correction of one that was posted; it does not go out under the contract `eclipse`.',
);

const bundleSchema = data(
  {
    BundleCode: { type: 'string', minLength: 1, description: 'Order and number of the bundle.' },
    Complete: flag('All of it was made.'),
  },
  {
    JobId: orNull(text('The job.')),
    OrdId: integer('The order.'),
    OrderCode: orNull(text('The order, as people know it.')),
    MaterialCode: orNull(text('What it is made of.')),
    ToolingCode: orNull(text('What it is made with.')),
    WorkOrder: orNull(text('The work order.')),
    BundleNumber: integer('Its number in the order.'),
    ExpectedBundleCount: orNull(count('Bundles of the order.')),
    BundleSequence: orNull(integer('Its place among them.')),
    ...lengths,
    TotalQty: count('Pieces made.'),
    TotalLbs: amount('Weight, in pounds.'),
    StartTime: localTime('When it began.'),
    EndTime: orNull(localTime('When it ended.')),
    RunMinutes: amount('Minutes of running.'),
    DelayMinutes: amount('Minutes of standing.'),
    ShortestLengthIn: orNull(amount('Length of the shortest piece.')),
    LongestLengthIn: orNull(amount('Length of the longest piece.')),
    FinalMachineNumber: orNull(integer('The machine that finished it.')),
    Items: listOf(item, 'What it holds.'),
    CoilsUsed: listOf(coil, 'What it was made of.'),
    ScrapInByReason: byReason('Scrap by the number of its reason, in inches.'),
    DelayMinByReason: byReason('Minutes of standing by the number of their reason.'),
    Job: job,
    Material: material,
    Tooling: tooling,
    integrity,
  },
);

const bundleExample = {
  JobId: 'Jobs/12345',
  OrdId: 12345,
  OrderCode: 'WO-1001',
  MaterialCode: '26GA-FG',
  ToolingCode: 'CLASSIC RIB',
  WorkOrder: 'WO-1001',
  BundleNumber: 1,
  BundleCode: '12345-01',
  ExpectedBundleCount: 3,
  BundleSequence: 1,
  ProducedLengthIn: 14400,
  ConsumedLengthIn: 14520,
  GoodIn: 14400,
  ScrapIn: 120,
  ReclaimedIn: 0,
  TotalQty: 50,
  TotalLbs: 3924,
  StartTime: '2026-02-17T08:00:00',
  Complete: true,
  EndTime: '2026-02-17T09:30:00',
  RunMinutes: 72.5,
  DelayMinutes: 17.5,
  ShortestLengthIn: 120,
  LongestLengthIn: 360,
  FinalMachineNumber: 1,
  Items: [
    {
      ItmId: 67890,
      Quantity: 25,
      QuantityDone: 25,
      LengthIn: 240,
      PatternName: 'PATTERN-1',
      PatternNumber: 1,
      PieceMark: 'A1',
      Sequence: 1,
    },
  ],
  CoilsUsed: [
    {
      CoilSerialNumber: 'COIL-001',
      CoilMaterialCode: '26GA-FG',
      ProducedLengthIn: 14400,
      ConsumedLengthIn: 14520,
      GoodIn: 14400,
      ScrapIn: 120,
      ReclaimedIn: 0,
      CoilHeatNumber: 'H12345',
    },
  ],
  ScrapInByReason: { '1': 80, '3': 40 },
  DelayMinByReason: { '2': 10, '5': 7.5 },
  Job: {
    SalesOrder: 'SO-12345',
    CustomerName: 'Acme Roofing',
    CustomerNumber: 'CUST-100',
    CustomerPO: 'PO-9876',
    RequiredDate: '2026-02-20T00:00:00',
    TruckNumber: 'T-42',
    StagingBay: 'Bay 3',
  },
  Material: {
    MaterialCode: '26GA-FG',
    Description: '26GA FOREST GREEN',
    Gauge: 26,
    Color: 'FOREST GREEN',
    WidthIn: 36,
    LbsPerFt: 2.616,
    ThicknessIn: 0.018,
  },
  Tooling: {
    ToolingCode: 'CLASSIC RIB',
    Description: 'CLASSIC RIB 36"',
    FinishedWidthIn: 36,
    ToolingGroup: 'Classic Rib',
  },
};

const bundleIntegrity = {
  revision: 1,
  startedAt: '2026-02-17T14:00:00.000Z',
  endedAt: '2026-02-17T15:30:00.000Z',
  timeZone: 'America/Chicago',
  closedUnseen: false,
  unknownMinutes: 0,
  pausedMinutes: 0,
  gaps: [],
  counters: [],
  violations: [],
};

/** Bundles of a roll-forming line (Eclipse Pro): the data is the whole BundleResult. */
export const ECLIPSE_EVENT_TYPES: readonly BuiltInEventType[] = [
  {
    name: 'bundle.completed',
    version: 1,
    description:
      'A production bundle is complete. The data is the BundleResult as it goes out under the contract `eclipse`; times are those of the plant and have no zone.',
    schema: bundleSchema,
    example: bundleExample,
  },
  {
    name: 'bundle.corrected',
    version: 1,
    description:
      'A bundle that was told before has other content: a reason was given after its end, it was taken up again, or it was posted with other content. The data is the whole BundleResult as it is now, with `integrity.revision` above 1.',
    schema: bundleSchema,
    example: {
      ...bundleExample,
      ScrapInByReason: { '1': 80, '4': 40 },
      integrity: { ...bundleIntegrity, revision: 2 },
    },
  },
];
